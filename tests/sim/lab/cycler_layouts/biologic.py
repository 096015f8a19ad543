"""Exports of BioLogic."""

from mpr_file import write_mpr

from .writing import commas, layout, table, text

BIOLOGIC = "BioLogic"
_BIOLOGIC = ["mode", "ox/red", "error", "Ns changes", "Ns", "time/s", "control/V/mA", "Ewe/V"]
_BIOLOGIC += ["I/mA", "dQ/mA.h", "(Q-Qo)/mA.h", "cycle number", "P/W"]


def _biologic(rows):
    before = 0.0
    for r in rows:
        yield [
            *(1, int(r.current_a > 0.0), 0, 0, r.step, f"{r.time_s:.6E}", 1.25),
            *(
                f"{r.voltage_v:.7E}",
                f"{1e3 * r.current_a:.7E}",
                f"{1e3 * (r.net_ah - before):.6E}",
            ),
            *(f"{1e3 * r.net_ah:.9E}", r.cycle, f"{r.voltage_v * r.current_a:.4E}"),
        ]
        before = r.net_ah


def _mpt(lines):
    head = ["", "Galvanostatic Cycling with Potential Limitation", "", "User : ", "Ns    0    1"]
    head += [
        "Is    1.250    -1.250",
        "unit Is    mA    mA",
        "Electrode surface area : 1,000 cm²",
        "",
    ]
    return ["EC-Lab ASCII FILE", f"Nb header lines : {len(head) + 3}", *head, *lines]


@layout("biologic.mpt", BIOLOGIC, without=["temperature_c"], time_s=0.05)
def biologic_comma(path, rows):
    text(path, _mpt(commas(table(_BIOLOGIC, _biologic(rows), "\t"))), encoding="latin-1")


@layout("biologic_point.mpt", BIOLOGIC, without=["temperature_c"], time_s=0.05)
def biologic_point(path, rows):
    names = [name.replace("I/mA", "<I>/mA").replace("Ewe", "Ecell") for name in _BIOLOGIC]
    text(path, _mpt(table(names, _biologic(rows), "\t")), encoding="latin-1")


@layout("biologic.txt", BIOLOGIC, without=["cycle", "step"])
def biologic_export(path, rows):
    header = ["time/s", "Ecell/V", "<I>/mA", "Q charge/mA.h", "Q discharge/mA.h", "Temperature/°C"]
    body = [
        [
            r.time_s,
            r.voltage_v,
            1e3 * r.current_a,
            1e3 * r.charged_ah,
            1e3 * r.discharged_ah,
            r.degc,
        ]
        for r in rows
    ]
    text(path, table(header, body, "\t"), encoding="latin-1")


@layout("biologic.mpr", BIOLOGIC, without=["temperature_c"])
def biologic_binary(path, rows):
    write_mpr(path, rows)


@layout("biologic_1150.mpr", BIOLOGIC, without=["temperature_c"])
def biologic_binary_new(path, rows):
    write_mpr(path, rows, since_1150=True)
