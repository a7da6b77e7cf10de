"""Tracking's page as a browser gets it: complete, bilingual, and nothing from elsewhere."""

import asyncio
import re
import shutil
from pathlib import Path

import httpx
import pytest

from simulator.platform import Platform

pytestmark = [pytest.mark.journey, pytest.mark.timeout(180)]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PNG_WIDTH = slice(16, 20)


async def fetch(platform: Platform, path: str) -> httpx.Response:
    """One file of the page."""
    async with httpx.AsyncClient(timeout=20, trust_env=False) as client:
        return await client.get(f"{platform.urls['tracking']}{path}")


async def test_page_and_assets_are_there_and_may_load_nothing_from_elsewhere(
    platform: Platform,
) -> None:
    page = await fetch(platform, "/")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assets = re.findall(r'(?:src|href)="([^"#]+)"', page.text)
    files = [name for name in assets if not name.startswith("data:")]
    assert sorted(files) == ["page.css", "page.js"]
    for name in ("", *files):
        answer = await fetch(platform, f"/{name}")
        assert answer.status_code == 200
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "connect-src 'self'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert not re.search(r"https?://|url\(|@import", answer.text), name


async def test_the_page_is_indonesian_first_and_every_field_has_a_label(
    platform: Platform,
) -> None:
    text = (await fetch(platform, "/")).text
    assert '<html lang="id">' in text
    assert "<title>" in text
    fields = re.findall(r'<(?:input|select|textarea) id="([^"]+)"', text)
    assert fields
    assert set(fields) <= set(re.findall(r'<label for="([^"]+)"', text))
    for used in re.findall(r'aria-(?:labelledby|describedby)="([^"]+)"', text):
        assert f'id="{used}"' in text
    assert len(re.findall(r"<h1[ >]", text)) == 1


async def test_a_browser_shows_the_page_without_an_error(
    platform: Platform, tmp_path: Path
) -> None:
    if CHROMIUM is None:
        # Without a browser the page is at least complete and closed.
        text = (await fetch(platform, "/")).text
        assert text.rstrip().endswith("</html>")
        assert text.count("<section") == text.count("</section>") == 2
        return
    rendered, complaints = await _browse(CHROMIUM, tmp_path, platform.urls["tracking"] + "/")
    assert "Lacak permohonan" in rendered
    assert 'id="entries"' in rendered
    assert "Uncaught" not in complaints
    assert "Refused to" not in complaints
    picture = (tmp_path / "page.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert int.from_bytes(picture[PNG_WIDTH], "big") == 412


async def _browse(chromium: str, folder: Path, url: str) -> tuple[str, str]:
    """The page after its script has run, as text and as a picture, and what the browser said."""
    common = [
        chromium,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        f"--user-data-dir={folder / 'profile'}",
        "--enable-logging=stderr",
        "--window-size=412,915",
        "--virtual-time-budget=2000",
    ]
    rendered, said = await _run([*common, "--dump-dom", url])
    _, also = await _run([*common, f"--screenshot={folder / 'page.png'}", url])
    return rendered, said + also


async def _run(command: list[str]) -> tuple[str, str]:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), 60)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, err.decode()[-2000:]
    return out.decode(), err.decode()
