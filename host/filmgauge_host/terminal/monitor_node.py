"""The view of one node: everything that is known of it, and its history as curves."""

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import Footer, Static


class NodeScreen(Screen[None]):
    """Shows what it is given; the app of the monitor says what."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter", "app.pop_screen", "back", key_display="esc"),
    ]

    def __init__(self, name: str) -> None:
        super().__init__()
        self.node = name
        self.drawn: object = None  # what the curves were drawn from

    def compose(self) -> ComposeResult:
        yield Static(id="node_header")
        with VerticalScroll(id="node_body"):
            yield Static(id="detail")
            yield Static(id="plot")
        yield Footer()

    def on_mount(self) -> None:
        self.query_one("#node_body").focus()

    def on_resize(self) -> None:
        self.drawn = None

    @property
    def room(self) -> int:
        """The width for `show`, 0 before there is a screen."""
        body = self.query("#node_body")
        return body.first().scrollable_content_region.width if body else 0

    def show(self, header: Text, detail: Text) -> None:
        """Draw what is known now."""
        if not self.query("#node_header"):
            return  # pushed a moment ago: the next drawing is its first
        self.query_one("#node_header", Static).update(header)
        self.query_one("#detail", Static).update(detail)

    def show_curves(self, curves: Text) -> None:
        """Draw the history."""
        self.query_one("#plot", Static).update(curves)
