"""Exports of Neware."""

# ruff: noqa: RUF005  a row is written as groups of columns

from neware_file import CHARGE, DISCHARGE, REST, write_ndax

from .writing import clock, layout, table, text

NEWARE = "Neware"
_NEWARE_STATES = {"charge": "CC Chg", "rest": "Rest", "discharge": "CC DChg"}
_BTSDA = ["DataPoint", "Cycle Index", "Step Index", "Step Type", "Time", "Total Time"]
_BTSDA += ["Current(A)", "Voltage(V)", "Capacity(Ah)", "Spec. Cap.(mAh/g)", "Chg. Cap.(Ah)"]
_BTSDA += ["DChg. Cap.(Ah)", "Energy(Wh)", "Date", "Power(W)"]


def _btsda_record(r):
    return [
        *(r.index, r.cycle, r.step, _NEWARE_STATES[r.kind], clock(r.step_time_s, "{}:{}:{:.0f}")),
        *(clock(r.time_s, "{}:{}:{:.0f}"), f"{r.current_a:.8f}", f"{r.voltage_v:.4f}"),
        *(f"{r.step_ah:.8f}", f"{1e3 * r.step_ah / 0.002:.4f}", f"{r.charged_ah:.8f}"),
        *(f"{r.discharged_ah:.8f}", "0.0", r.date.strftime("%Y-%m-%d %H:%M:%S")),
        f"{r.voltage_v * r.current_a:.4f}",
    ]


@layout("neware_btsda.csv", NEWARE, without=["temperature_c"])
def neware_btsda(path, rows):
    text(path, table(_BTSDA, map(_btsda_record, rows)), encoding="utf-8-sig")


@layout("neware_btsda.xlsx", NEWARE, without=["temperature_c"])
def neware_workbook(path, rows):
    import openpyxl

    book = openpyxl.Workbook()
    book.active.title = "unit"
    book.active.append(["Start step ID", 1, "Voltage range", "5V"])
    cycles = book.create_sheet("cycle")
    cycles.append(["Cycle Index", "Chg. Cap.(Ah)", "DChg. Cap.(Ah)"])
    cycles.append([1, 0.001, 0.001])
    sheet = book.create_sheet("record")
    sheet.append(_BTSDA)
    for r in rows:
        record = _btsda_record(r)
        sheet.append(record[:6] + [float(cell) for cell in record[6:13]] + record[13:])
    book.save(path)


@layout("neware_layers.csv", NEWARE, without=["temperature_c", "cycle"])
def neware_layers(path, rows):
    """A report in layers: a line for each cycle, under it one for each step, then the records."""
    lines = ["Cycle ID,Cap_Chg(mAh),Cap_DChg(mAh)", ",Step ID,Step Name,Step Time,Capacity(mAh)"]
    header = ["", "", "Record ID", "Time(h:min:s.ms)", "Voltage(V)", "Current(mA)"]
    lines.append(",".join([*header, "Capacity(mAh)", "Realtime"]))
    cycle = step = 0
    for r in rows:
        if r.cycle != cycle:
            lines.append(f"{r.cycle},1.25,1.1")
        if r.step != step:
            lines.append(f",{r.step},{_NEWARE_STATES[r.kind]},0:52:30.000,1.0")
        cycle, step = r.cycle, r.step
        lines.append(
            f",,{r.index},{clock(r.step_time_s, '{}:{:02d}:{:06.3f}')},{r.voltage_v:.4f},"
            f"{1e3 * r.current_a:.5f},{1e3 * r.step_ah:.6f},{r.date:%Y-%m-%d %H:%M:%S}"
        )
    text(path, lines)


@layout("neware_general.txt", NEWARE, remark="the times of the steps are added up")
def neware_general(path, rows):
    header = ["Record ID", "Cycle ID", "Step ID", "Step Type", "Time(h:min:s.ms)", "Voltage(V)"]
    header += ["Current(mA)", "Temperature(℃)", "Capacitance_Chg(mAh)", "Capacitance_DChg(mAh)"]
    body = [
        [r.index, r.cycle, r.step, _NEWARE_STATES[r.kind], clock(r.step_time_s), r.voltage_v]
        + [1e3 * r.current_a, r.degc, 1e3 * r.charged_ah, 1e3 * r.discharged_ah]
        for r in rows
    ]
    text(path, table(header, body, "\t"))


@layout("neware_chinese.csv", NEWARE, without=["temperature_c"])
def neware_chinese(path, rows):
    header = ["循环号", "工步号", "工步类型", "时间(s)", "总时间(s)", "电流(A)", "电压(V)"]
    header += ["充电容量(Ah)", "放电容量(Ah)"]
    body = [
        [r.cycle, r.step, r.kind, r.step_time_s, r.time_s, r.current_a, r.voltage_v]
        + [r.charged_ah, r.discharged_ah]
        for r in rows
    ]
    text(path, table(header, body))


@layout("neware.ndax", NEWARE, without=["temperature_c"])
def neware_binary(path, rows):
    steps = {r.step: (r.cycle, r.kind) for r in rows}
    kinds = {"charge": CHARGE, "rest": REST, "discharge": DISCHARGE}
    write_ndax(
        path,
        [(r.time_s, r.voltage_v, 1e6 * r.current_a, r.step) for r in rows],
        [(cycle, kinds[kind]) for cycle, kind in steps.values()],
    )
