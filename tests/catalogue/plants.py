"""Mistakes to plant into a copy of the shipped catalogue, and where the checker must find each."""

from dataclasses import dataclass

from catalogue.finding import Rule

MALL = "malls/mpp-nusantara.yaml"
DOCTOR = "journeys/izin-praktik-dokter.yaml"
BUILDING = "journeys/persetujuan-bangunan-gedung.yaml"
DAY = "malls/mpp-sehari.yaml"
TURNS = "queue-policies/umum.yaml"
YEAR = "calendars/nasional-2026.yaml"
DLH = "agencies/dlh.yaml"
SKCK = "services/POL-SKCK.yaml"
GENERAL = "booking-policies/umum.yaml"
PARTS = "booking-policies/bertahap.yaml"
PASSPORTS = "session-plans/mpp-sehari.imi-pas.yaml"
HERE = "# planted"
TOP = ""


@dataclass(frozen=True)
class Plant:
    """`old` becomes `new` in `file`; without `old` the file is new.

    The finding must be on the line of `found_in` (else `file`) that holds `marker` (TOP: line 1).
    `also` are rules that the same mistake breaks, too; beyond them nothing may be found.
    """

    rule: Rule
    file: str
    old: str
    new: str
    marker: str = HERE
    found_in: str = ""
    also: frozenset[Rule] = frozenset()

    def __str__(self) -> str:
        return f"{self.rule} in {self.file}"


ONE_FILE = (
    Plant(Rule.UNKNOWN_FOLDER, "agency/satpol.yaml", "", "revision: 1\n", TOP),
    Plant(Rule.UNKNOWN_FOLDER, "agencies/satpol.yml", "", "revision: 1\n", TOP),
    Plant(Rule.NOT_YAML, DLH, "short_name: DLH", "short_name: ]  # planted"),
    Plant(Rule.NOT_YAML, DLH, "code: dlh", "code: &x dlh\nopen_days: *x  # planted"),
    Plant(Rule.NOT_YAML, DLH, "code: dlh", "code: !!float 1  # planted"),
    Plant(Rule.NOT_YAML, DLH, "code: dlh", "[code]: dlh  # planted"),
    Plant(Rule.DUPLICATE_KEY, DLH, "code: dlh", "code: dlh\ncode: dlh  # planted"),
    Plant(Rule.WRONG_SHAPE, MALL, "zone: Asia/Jakarta", "zone: Asia/Tokyo  # planted"),
    Plant(Rule.WRONG_SHAPE, SKCK, "rupiah: 30000", "rupiah: -1  # planted"),
    Plant(Rule.WRONG_SHAPE, SKCK, "rupiah: 30000", 'rupiah: "30000"  # planted'),
    Plant(Rule.WRONG_SHAPE, SKCK, "revision: 2", "revision: true  # planted"),
    Plant(Rule.WRONG_SHAPE, MALL, "opens_at: 08:00", "opens_at: 480  # planted"),
    Plant(Rule.WRONG_SHAPE, YEAR, "date: 2026-03-22", "date: 2026-02-30  # planted"),
    Plant(Rule.WRONG_SHAPE, SKCK, "code: POL-SKCK", "code: pol-skck  # planted"),
    Plant(Rule.MISSING_FIELD, DLH, "short_name: DLH\n", "", TOP),
    Plant(Rule.MISSING_FIELD, SKCK, "{value: 15, unit: minutes}", "{value: 15}  # planted"),
    Plant(
        Rule.UNKNOWN_FIELD,
        "agencies/polri.yaml",
        "open_days: [mon, tue, wed, thu, fri, sat]",
        "opendays: [mon]  # planted",
    ),
    Plant(Rule.UNKNOWN_FIELD, SKCK, "rupiah: 30000", "rupiah: 30000\n    vat: 1  # planted"),
    Plant(Rule.REVISION_MISSING, DLH, "revision: 1\n", "", TOP),
    Plant(Rule.STANDARD_INCOMPLETE, SKCK, "  product: SKCK, berlaku 6 bulan\n", "", "published:"),
    Plant(Rule.STANDARD_INCOMPLETE, SKCK, "  number_of_staff: 3\n", "", "managed:"),
    Plant(
        Rule.FILE_NAME,
        "agencies/satpol.yaml",
        "",
        "revision: 1\ncode: satpol-pp  # planted\nname: Satuan Polisi\nshort_name: Satpol\n",
    ),
    Plant(Rule.DUPLICATE_CODE, MALL, "code: Z1-02", "code: Z1-01  # planted"),
    Plant(Rule.DUPLICATE_CODE, MALL, "  - kua\n", "  - kua\n  - kua  # planted\n"),
    Plant(Rule.DUPLICATE_CODE, DOCTOR, "code: pasfoto", "code: str_berlaku  # planted"),
    Plant(
        Rule.DUPLICATE_CODE,
        DOCTOR,
        "code: str_tidak_terdaftar",
        "code: tempat_tidak_memenuhi  # planted",
    ),
    Plant(Rule.UNKNOWN_AGENCY, BUILDING, "agency: dlh", "agency: dlhh  # planted"),
    Plant(Rule.UNKNOWN_AGENCY, MALL, "  - kua\n", "  - kua\n  - satpol  # planted\n"),
    Plant(Rule.UNKNOWN_AGENCY, "services/DLH-SPPL.yaml", "agency: dlh", "agency: x  # planted"),
    Plant(Rule.UNKNOWN_SERVICE, MALL, "[POL-SIM]", "[POL-SIN]  # planted"),
    Plant(
        Rule.UNKNOWN_JOURNEY,
        "services/PTSP-SIP.yaml",
        "journey: izin-praktik-dokter",
        "journey: izin-dokter  # planted",
    ),
    Plant(Rule.OPENING_HOURS, MALL, "closes_at: 15:00", "closes_at: 07:30  # planted"),
    Plant(Rule.FEE_UNSAID, SKCK, "fee:\n    rupiah: 30000", "fee: {}  # planted"),
    Plant(
        Rule.UNKNOWN_STAGE,
        BUILDING,
        "after: [dokumen-lingkungan, kesesuaian-ruang]",
        "after: [dokumen-lingkungan, kesesuaian]  # planted",
    ),
    Plant(
        Rule.PROMISE_TOO_SHORT,
        BUILDING,
        "{value: 28, unit: working_days}",
        "{value: 27, unit: working_days}  # planted",
    ),
    Plant(
        Rule.RETURN_WITHOUT_REQUIREMENT,
        DOCTOR,
        "unit: minutes}\n    may_return: true\n    requirements:",
        "unit: minutes}\n    requirements:  # planted",
    ),
    Plant(
        Rule.RETURN_WITHOUT_REQUIREMENT,
        BUILDING,
        "after: [perhitungan-retribusi]",
        "after: [perhitungan-retribusi]\n    may_return: true  # planted",
    ),
    Plant(Rule.HOLIDAY_TWICE, YEAR, "date: 2026-03-22", "date: 2026-03-21  # planted"),
    Plant(Rule.HOLIDAY_OUTSIDE_YEAR, YEAR, "date: 2026-12-25", "date: 2025-12-25  # planted"),
    Plant(
        Rule.YEAR_TWICE,
        "calendars/perubahan-2026.yaml",
        "",
        "revision: 1\ncode: perubahan-2026\nworking_days: [mon]\nholidays: []\n"
        "year: 2026  # planted\n",
    ),
)

LINES = (
    Plant(Rule.UNKNOWN_POLICY, MALL, "policy: umum", "policy: umun  # planted"),
    Plant(Rule.UNKNOWN_POLICY, DAY, "prefix: 1A", "prefix: 1A\n    policy: cepat  # planted"),
    Plant(Rule.SLOT_WITHOUT_LANE, TURNS, "- [prioritas]", "- [prioritas]\n  - []  # planted"),
    Plant(
        Rule.LANE_WITHOUT_SLOT, TURNS, "slots:\n  - [prioritas]", "slots:  # planted\n  - [janji]"
    ),
    Plant(Rule.WRONG_SHAPE, TURNS, "- [prioritas]", "- [cepat]  # planted"),
    Plant(Rule.PREFIX_TWICE, DAY, "prefix: 1B", "prefix: 1A  # planted"),
    Plant(Rule.PREFIX_TWICE, DAY, "prefix: 1B", "prefix: AKL  # planted"),
    Plant(Rule.DUPLICATE_CODE, DAY, "service: DUK-KK\n", "service: DUK-KTP  # planted\n"),
    Plant(Rule.LINE_WITHOUT_COUNTER, DAY, "service: DUK-KK\n", "service: BAP-BPHTB  # planted\n"),
    Plant(
        Rule.DEVICE_TWICE,
        DAY,
        "devices:",
        "devices:\n  - {code: kios-1, kind: kiosk, client: kiosk-2}",
        "client: kiosk-mpp-sehari",
    ),
    Plant(
        Rule.DEVICE_TWICE,
        DAY,
        "devices:",
        "devices:\n  - {code: kios-2, kind: kiosk, client: kiosk-mpp-sehari}",
        "code: kios-1",
    ),
)

PLACES = (
    Plant(Rule.UNKNOWN_BOOKING_POLICY, DAY, "policy: serentak}", "policy: serentakk}", "serentakk"),
    Plant(
        Rule.UNKNOWN_BOOKING_POLICY,
        DAY,
        "booking_policy: umum",
        "booking_policy: tidak-ada  # planted",
    ),
    Plant(Rule.UNKNOWN_MALL, PASSPORTS, "mall: mpp-sehari", "mall: mpp-lain  # planted"),
    Plant(
        Rule.PERCENT_NOT_WHOLE,
        GENERAL,
        "{online: 70, counter: 20, partner: 10, open_before_hours: 2}",
        "{online: 70, counter: 20, partner: 20, open_before_hours: 2}  # planted",
    ),
    Plant(Rule.PERCENT_NOT_WHOLE, PARTS, "percent: 40", "percent: 50", "  parts:"),
    Plant(Rule.RUSH_WITHOUT_IDENTITY, PARTS, "identity: required", "identity: optional  # planted"),
    Plant(
        Rule.BOOKING_WITHOUT_COUNTER,
        "malls/mpp-wit.yaml",
        "{service: DUK-KTP, policy: bertahap}",
        "{service: IMI-PAS, policy: bertahap}  # planted",
    ),
    Plant(Rule.ORDER_IN_A_CIRCLE, "services/DUK-KTP.yaml", "[DUK-KK]", "[DUK-KTP]  # planted"),
    Plant(
        Rule.PLAN_TWICE,
        "session-plans/wit-lagi.yaml",
        "",
        "revision: 1\ncode: wit-lagi\nmall: mpp-wit\nvalid_from: 2026-01-01\ndays_ahead: 8\n"
        "week:\n  - days: [mon]\n    sessions:\n"
        "      - {starts_at: 08:00, ends_at: 09:00, places: 1}\n"
        "service: DUK-KTP  # planted\n",
    ),
    Plant(
        Rule.PLAN_WITHOUT_COUNTER,
        "session-plans/mpp-wit.duk-ktp.yaml",
        "service: DUK-KTP",
        "service: IMI-PAS  # planted",
    ),
    Plant(
        Rule.PLAN_OUTSIDE_HOURS,
        PASSPORTS,
        "{starts_at: 13:30, ends_at: 15:00, places: 15}",
        "{starts_at: 13:30, ends_at: 16:30, places: 15}  # planted",
    ),
    Plant(
        Rule.PLAN_OVERLAPS,
        PASSPORTS,
        "{starts_at: 10:00, ends_at: 11:30, places: 15}",
        "{starts_at: 09:30, ends_at: 11:30, places: 15}  # planted",
    ),
    Plant(Rule.PLAN_OVERLAPS, PASSPORTS, "days: [fri]", "days: [fri, mon]  # planted"),
)

SEVERAL_RULES = (
    Plant(
        Rule.DUPLICATE_CODE,
        "agencies/lingkungan.yaml",
        "",
        "revision: 1\ncode: dlh  # planted\nname: Dinas Lingkungan Hidup\nshort_name: DLH\n",
        also=frozenset({Rule.FILE_NAME}),
    ),
    Plant(
        Rule.AGENCY_NOT_IN_MALL,
        MALL,
        "  - bapenda\n",
        "",
        "agency: bapenda",
        found_in="services/BAP-BPHTB.yaml",
        also=frozenset({Rule.COUNTER_WITHOUT_AGENCY}),
    ),
    Plant(
        Rule.COUNTER_WITHOUT_AGENCY,
        MALL,
        "  - bapenda\n",
        "",
        "[BAP-BPHTB]",
        also=frozenset({Rule.AGENCY_NOT_IN_MALL}),
    ),
    Plant(
        Rule.STAGE_TWICE,
        DOCTOR,
        "code: penerbitan-izin",
        "code: pemeriksaan-teknis  # planted",
        also=frozenset({Rule.JOURNEY_CIRCLE}),
    ),
    Plant(
        Rule.JOURNEY_CIRCLE,
        DOCTOR,
        "after: [pemeriksaan-kelengkapan]",
        "after: [pemeriksaan-kelengkapan, penerbitan-izin]  # planted",
        also=frozenset({Rule.JOURNEY_CIRCLE}),
    ),
    Plant(
        Rule.STAGE_UNREACHABLE,
        DOCTOR,
        "after: [pemeriksaan-kelengkapan]",
        "after: [pemeriksaan-kelengkapan, pemeriksaan-teknis]",
        "after: [pemeriksaan-teknis]",
        also=frozenset({Rule.JOURNEY_CIRCLE}),
    ),
)

PLANTS = (*ONE_FILE, *LINES, *PLACES, *SEVERAL_RULES)
