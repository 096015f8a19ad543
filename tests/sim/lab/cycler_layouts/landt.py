"""Exports of Landt."""

# ruff: noqa: RUF005  a row is written as groups of columns

from .writing import clock, layout, table, text

LANDT = "Landt"
_LANDT_STATES = {"charge": "CC_C", "rest": "Rest", "discharge": "CC_D"}


def _landt_record(r):
    return [
        *(r.index, clock(r.time_s, "{:02d}:{:02d}:{:02.0f}"), clock(r.step_time_s)),
        *(f"{r.voltage_v:.4f}", f"{1e6 * abs(r.current_a):.2f}", f"{1e6 * r.step_ah:.3f}"),
        *(f"{1e3 * r.step_ah / 0.002:.3f}", r.date.strftime("%Y-%m-%d %H:%M:%S")),
        _LANDT_STATES[r.kind],
    ]


@layout(
    "landt.txt",
    LANDT,
    without=["temperature_c", "cycle", "step"],
    remark="the current has the sign that 'State' says",
)
def landt_text(path, rows):
    header = ["Index", "TestTime", "StepTime", "Voltage/V", "Current/uA", "Capacity/uAh"]
    header += ["SCapacity/mAh/g", "SysTime", "State"]
    text(path, table(header, map(_landt_record, rows), "\t"))


@layout("landt_seconds.txt", LANDT, without=["temperature_c"])
def landt_seconds(path, rows):
    header = ["Record", "CycleNo", "StepNo", "TestTime/Sec.", "StepTime/Sec.", "Voltage/V"]
    header += ["Current/mA", "Capacity/mAh", "Energy/mWh", "StepStatus"]
    states = {"charge": "CCC", "rest": "R", "discharge": "CCD"}
    body = [
        [r.index, r.cycle, r.step, r.time_s, r.step_time_s, f"{r.voltage_v:.4f}"]
        + [1e3 * abs(r.current_a), 1e3 * r.step_ah, 0.0, states[r.kind]]
        for r in rows
    ]
    text(path, table(header, body, "\t"))


@layout("landt_new.csv", LANDT, without=["temperature_c", "charge_uah_cm2"])
def landt_new(path, rows):
    header = ["channel_index", "cycle_index", "step_index", "date_time_iso_string"]
    header += ["test_time_s", "step_time_s", "current_a", "voltage_v"]
    body = [
        [3, r.cycle, r.step, r.date.isoformat(), r.time_s, r.step_time_s, r.current_a, r.voltage_v]
        for r in rows
    ]
    text(path, table(header, body))


@layout("landt_chinese.csv", LANDT, without=["temperature_c"])
def landt_chinese(path, rows):
    header = ["循环序号", "步骤序号", "测试时间/Sec.", "步骤时间/Sec.", "电压/V", "电流/mA"]
    header += ["容量/mAh", "状态"]
    states = {"charge": "恒流充电", "rest": "静置", "discharge": "恒流放电"}
    body = [
        [r.cycle, r.step, r.time_s, r.step_time_s, r.voltage_v, 1e3 * abs(r.current_a)]
        + [1e3 * r.step_ah, states[r.kind]]
        for r in rows
    ]
    text(path, table(header, body), encoding="gb18030")


@layout("landt.xlsx", LANDT, without=["temperature_c", "cycle", "step"])
def landt_workbook(path, rows):
    import openpyxl

    book = openpyxl.Workbook()
    book.active.title = "Cycle-Tab"
    book.active.append(["CycleNo", "Capacity/mAh"])
    book.active.append([1, 1.0])
    sheet = book.create_sheet("Record-Tab")
    sheet.append(
        ["Record", "TestTime/Sec", "Voltage/V", "Current/mA", "Capacity/mAh", "StepStatus"]
    )
    for r in rows:
        state = {"charge": "CCC", "rest": "R", "discharge": "CCD"}[r.kind]
        sheet.append(
            [r.index, r.time_s, r.voltage_v, 1e3 * abs(r.current_a), 1e3 * r.step_ah, state]
        )
    book.save(path)
