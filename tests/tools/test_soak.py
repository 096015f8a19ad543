"""What tests leave to `make soak`, it runs."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
SWITCH = 'environ.get("FILMGAUGE_SOAK'


def test_every_test_that_is_shorter_without_soak_is_run_by_it() -> None:
    makefile = (ROOT / "Makefile").read_text()
    campaigns = makefile.partition("\nsoak:")[2]
    ran = {
        path
        for line in campaigns.splitlines()
        if "FILMGAUGE_SOAK" in line
        for path in line.split()
        if path.startswith("tests/")
    }
    shorter = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "tests").rglob("test_*.py")
        if path.name != Path(__file__).name and SWITCH in path.read_text("utf-8")
    }
    assert len(shorter) > 5
    assert shorter == ran


def test_soak_runs_each_of_its_targets() -> None:
    lines = (ROOT / "Makefile").read_text().replace("\\\n", " ").splitlines()
    targets = {line.split(":")[0] for line in lines if line.startswith("soak-")}
    (started,) = [line for line in lines if "--keep-going" in line]
    assert targets == {word for word in started.split() if word.startswith("soak-")}
