"""Exports of Arbin."""

from .writing import layout, table, text

ARBIN = "Arbin"
_ARBIN = ["Data_Point", "Test_Time(s)", "Date_Time", "Step_Time(s)", "Step_Index", "Cycle_Index"]
_ARBIN += ["Current(A)", "Voltage(V)", "Charge_Capacity(Ah)", "Discharge_Capacity(Ah)"]
_ARBIN += ["Charge_Energy(Wh)", "Internal_Resistance(Ohm)", "Aux_Temperature_1(C)"]


def _arbin_record(r):
    return [
        *(r.index, round(r.time_s, 4), r.date.strftime("%m/%d/%Y %H:%M:%S.%f"), r.step_time_s),
        *(r.step, r.cycle, r.current_a, r.voltage_v, r.charged_ah, r.discharged_ah, 0.0, 0.03),
        r.degc,
    ]


@layout("arbin.csv", ARBIN)
def arbin_underscores(path, rows):
    text(path, table(_ARBIN, map(_arbin_record, rows)))


@layout("arbin_blanks.CSV", ARBIN)
def arbin_blanks(path, rows):
    text(
        path,
        table(
            [name.replace("_", " ").replace("(", " (") for name in _ARBIN],
            map(_arbin_record, rows),
        ),
    )


@layout("arbin_no_units.csv", ARBIN)
def arbin_without_units(path, rows):
    header = [name.partition("(")[0].replace("Date_Time", "DateTime") for name in _ARBIN]
    text(path, table(header, map(_arbin_record, rows)))


@layout("arbin.xlsx", ARBIN)
def arbin_workbook(path, rows):
    """Arbin goes on in another sheet where one is full."""
    import openpyxl

    book = openpyxl.Workbook()
    book.active.title = "Global_Info"
    book.active.append([None, None, "TEST REPORT"])
    book.active.append(["Channel", "Start_DateTime", "Schedule_File_Name"])
    book.active.append([6, rows[0].date, "film.sdx"])
    half = len(rows) // 2
    for number, part in enumerate((rows[:half], rows[half:]), 1):
        sheet = book.create_sheet(f"Channel_1-006_{number}")
        sheet.append(_ARBIN)
        for r in part:
            record = _arbin_record(r)
            sheet.append([*record[:2], r.date, *record[3:]])
    statistics = book.create_sheet("Statistics_1-006")
    statistics.append(_ARBIN[:6])
    book.save(path)
