"""What the voice says when a ticket is called: Indonesian text that any speech engine reads right.

Letters stand apart and digits become words, since engines read `KTP-007` each in its own way.
"""

_DIGITS = ("nol", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan")
_TEN, _HUNDRED, _THOUSAND = 10, 100, 1000


def spoken(label: str, counter: str) -> str:
    """The call of a ticket, for example `A-007` to counter `4`, in Indonesian."""
    return f"Nomor antrean, {spoken_label(label)}, silakan menuju loket {spoken_counter(counter)}"


def caption(label: str, counter: str) -> str:
    """The same in English, to be read and not spoken."""
    return f"Ticket {label}, please go to counter {counter}"


def spoken_label(label: str) -> str:
    """A ticket's label letter by letter and digit by digit: `KTP-B003` is `K T P, B, nol nol tiga`.

    A digit in the prefix stays a digit: it is part of a name, as in `1A`.
    """
    prefix, _, rest = label.rpartition("-")
    number = rest.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    series = rest[: len(rest) - len(number)]
    return ", ".join(part for part in (" ".join(prefix), " ".join(series), _digits(number)) if part)


def spoken_counter(counter: str) -> str:
    """A counter's code: the zone as it is written, the number in words, `04` as `nol empat`."""
    zone, _, last = counter.rpartition("-")
    return " ".join(part for part in (zone, _number(last) if last.isdigit() else last) if part)


def in_words(number: int) -> str:
    """A number from 0 to 9999 in words, for example `dua belas`. Raises ValueError beyond."""
    if not 0 <= number < _TEN * _THOUSAND:
        raise ValueError(f"no counter has the number {number}")
    if number < _TEN:
        return _DIGITS[number]
    for unit, alone, word in ((_THOUSAND, "seribu", "ribu"), (_HUNDRED, "seratus", "ratus")):
        if number >= unit:
            many, rest = divmod(number, unit)
            return _joined(alone if many == 1 else f"{in_words(many)} {word}", rest)
    tens, ones = divmod(number, _TEN)
    if tens == 1:
        return {0: "sepuluh", 1: "sebelas"}.get(ones, f"{_DIGITS[ones]} belas")
    return _joined(f"{_DIGITS[tens]} puluh", ones)


def _joined(words: str, rest: int) -> str:
    return f"{words} {in_words(rest)}" if rest else words


def _number(digits: str) -> str:
    return _digits(digits) if digits.startswith("0") else in_words(int(digits))


def _digits(digits: str) -> str:
    return " ".join(_DIGITS[int(digit)] for digit in digits)
