"""The overview's rows as a widget that draws what can be seen, however many nodes there are."""

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from filmgauge_host.terminal.monitor_table import GAP, Cell, Column, columns

_BOLD = Style(bold=True)


class NodeRows(ScrollView, can_focus=True):
    """A row for each name, one of which is selected.

    cells: of a name by the title of the column. A column is as wide as the widest that it had to
    show; one that has no room whole is left out.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"rows--cursor"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("pageup", "move_page(-1)", show=False),
        Binding("pagedown", "move_page(1)", show=False),
        Binding("home", "move(-1000000)", show=False),
        Binding("end", "move(1000000)", show=False),
        Binding("enter", "open", "node"),
    ]

    class Opened(Message):
        """The selected row is to be shown in full."""

    def __init__(self, cells: Callable[[str], Mapping[str, Cell]]) -> None:
        super().__init__(id="rows")
        self._cells_of = cells
        self._names: list[str] = []
        self._selected = 0
        self._needed: dict[str, int] = {}
        self._columns: list[tuple[Column, int]] = []
        self._cells: dict[str, Mapping[str, Cell]] = {}
        self._drawn: tuple[object, ...] = ()

    @property
    def names(self) -> Sequence[str]:
        """The names in the order of the rows."""
        return self._names

    @property
    def selected(self) -> str | None:
        """The name of the selected row, None without rows."""
        return self._names[self._selected] if self._names else None

    @property
    def titles(self) -> list[str]:
        """The titles of the columns that are shown."""
        return [column.title for column, _ in self._columns]

    def show(self, names: list[str]) -> None:
        """Show these names in this order; the cursor stays on its name."""
        before = self.selected
        self._names = names
        size = Size(self.size.width, len(names) + 1)
        if size != self.virtual_size:
            self.virtual_size = size
        if before in names:
            self._select(names.index(before))
        else:
            self._select(min(self._selected, len(names) - 1))
        self.draw()

    def draw(self) -> None:
        """Ask for the cells of what can be seen, and draw them."""
        first = int(self.scroll_offset.y)
        seen = self._names[first : first + max(0, self.size.height - 1)]
        self._cells = {name: self._cells_of(name) for name in seen}
        for cells in self._cells.values():
            for title, cell in cells.items():
                if len(cell.text) > self._needed.get(title, 0):
                    self._needed[title] = len(cell.text)
        self._columns = columns(self.scrollable_content_region.width, self._needed)
        drawn = (self._cells, self._columns, self._selected, first, self.size)
        if drawn != self._drawn:
            self._drawn = drawn
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return a line of the widget: the titles, then rows."""
        width = self.size.width
        if y == 0:
            cells = [Cell(column.title) for column, _ in self._columns]
            return self._strip(cells, _BOLD, width)
        at = y - 1 + int(self.scroll_offset.y)
        name = self._names[at] if at < len(self._names) else ""
        if name not in self._cells:
            return Strip.blank(width, self.rich_style)
        cells = [self._cells[name][column.title] for column, _ in self._columns]
        cursor = self.get_component_rich_style("rows--cursor")
        return self._strip(cells, cursor if at == self._selected else Style.null(), width)

    def action_move(self, rows: int) -> None:
        """Move the cursor by a number of rows."""
        self._select(self._selected + rows)
        self.draw()

    def action_move_page(self, pages: int) -> None:
        """Move the cursor by what can be seen."""
        self.action_move(pages * max(1, self.size.height - 2))

    def action_open(self) -> None:
        """Show the selected row in full."""
        if self._names:
            self.post_message(self.Opened())

    def on_click(self, event: Click) -> None:
        """Select a row; a second click opens it."""
        at = event.y - 1 + int(self.scroll_offset.y)
        if event.y < 1 or at >= len(self._names):
            return
        self._select(at)
        self.draw()
        if event.chain > 1:
            self.action_open()

    def on_resize(self) -> None:
        """Choose the columns anew."""
        self.show(self._names)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Draw what has come into sight."""
        super().watch_scroll_y(old_value, new_value)
        self.draw()

    def _select(self, at: int) -> None:
        self._selected = max(0, min(at, len(self._names) - 1))
        first, seen = int(self.scroll_offset.y), max(1, self.size.height - 1)
        if self._selected < first:
            self.scroll_to(y=self._selected, animate=False, immediate=True)
        elif self._selected >= first + seen:
            self.scroll_to(y=self._selected - seen + 1, animate=False, immediate=True)

    def _strip(self, cells: Sequence[Cell], style: Style, width: int) -> Strip:
        base = self.rich_style + style
        segments: list[Segment] = []
        for cell, (column, wide) in zip(cells, self._columns, strict=True):
            text = cell.text.rjust(wide) if column.right else cell.text.ljust(wide)
            segments.append(Segment(text, base + Style.parse(cell.style) if cell.style else base))
            segments.append(Segment(" " * GAP, base))
        return Strip(segments).adjust_cell_length(width, base)
