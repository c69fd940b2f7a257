"""What the demo looks like: calm lines of who heard what, and the timelines as tables."""

from collections.abc import Mapping
from datetime import datetime

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from domain.channels import Channel
from domain.ledger import TOLD
from domain.recipients import Recipient
from domain.status import Role
from domain.telling import Verdict
from domain.timeline import Line, Timeline, ToldBatch
from simulator.world import Received

CHANNELS = {Channel.PUSH: "push", Channel.SMS: "text", Channel.EMAIL: "e-mail", Channel.IN_APP: "in-app"}
COLOURS = {Role.CUSTOMER: "cyan", Role.MERCHANT: "yellow", Role.COURIER: "magenta"}


class Screen:
    """A terminal, or a file when output goes there."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False, markup=False, emoji=False)

    def heading(self, text: str) -> None:
        """Begin a part of the show."""
        self._console.print()
        self._console.print(Text(text, "bold"))

    def step(self, seconds: float, text: str) -> None:
        """Say what is up, and how many seconds after the beginning."""
        grid = Table.grid(padding=(0, 2))
        grid.add_column(width=8, justify="right", style="dim")
        grid.add_row(f"{seconds:.1f} s", Text(text))
        self._console.print(_indented(grid))

    def plain(self, text: str) -> None:
        """Say something in one line whatever its length, for people to copy and programs to read."""
        self._console.print(text, soft_wrap=True)

    def page(self, what: str, url: str, hint: str) -> None:
        """Show a page to open, in one line whatever its length: a link that wraps is none."""
        self._console.print(f"  {what:<22}{url}{f'  ({hint})' if hint else ''}", soft_wrap=True)

    def announced(self, order_id: str, status: str) -> None:
        """Show what the order service tells us."""
        words = Text.assemble((status, "bold"), (f"  {order_id}", "dim"))
        self._moment(datetime.now().astimezone(), Text("order service", "dim"), "tells us", words)

    def chapter(self, text: str) -> None:
        """Begin a step of a story, with a remark where there is one to make."""
        self._console.print()
        if text:
            self.remark(text)

    def remark(self, text: str) -> None:
        """Explain what comes next."""
        self._console.print(_indented(Text(text, "dim italic")))

    def received(self, one: Received, person: Recipient | None) -> None:
        """Show a message as it reaches somebody, who may be a stranger to us."""
        who = f"{person.role} {person.recipient_id}" if person else one.address
        colour = COLOURS[person.role] if person else ""
        channel = CHANNELS[Channel(one.channel)]
        self._moment(one.at.astimezone(), Text(who, colour), channel, _words(one, colour))

    def timeline(self, told: Timeline, title: str) -> None:
        """Show an order's timeline compactly."""
        table = Table("told", "to", *CHANNELS.values(), box=None, padding=(0, 2, 0, 0), header_style="dim")
        for batch in told.batches:
            table.add_row(*_cells(batch))
        self._console.print()
        self._console.print(_indented(Text.assemble((told.order_id, "bold"), f"  {title}")))
        self._console.print(_indented(table))

    def _moment(self, at: datetime, who: Text, how: str, words: Text) -> None:
        grid = Table.grid(padding=(0, 2))
        grid.add_column(width=8, style="dim")
        grid.add_column(width=13)
        grid.add_column(width=8, style="dim")
        grid.add_column()
        grid.add_row(f"{at:%H:%M:%S}", who, how, words)
        self._console.print(_indented(grid))


def _indented(content: RenderableType) -> Padding:
    return Padding(content, (0, 0, 0, 2), expand=False)


def _words(one: Received, colour: str) -> Text:
    """A title, where there is one, in the colour of its reader."""
    title, has_title, text = one.text.partition("\n")
    if not has_title:
        return Text(title)
    return Text.assemble((title, f"bold {colour}"), "\n", text.strip())


def _cells(batch: ToldBatch) -> list[Text]:
    lines: Mapping[Channel, Line] = {line.channel: line for line in batch.channels}
    path = Text("\n".join(batch.statuses))
    who = Text(batch.role, COLOURS[batch.role])
    return [path, who, *(_result(lines.get(channel)) for channel in CHANNELS)]


def _result(line: Line | None) -> Text:
    if line is None:
        return Text("")
    if line.status in TOLD:
        took_over = " instead" if line.verdict is Verdict.HELD else ""
        return Text(f"{str(line.status).lower()}{took_over}", "green")
    if line.status is None:
        return Text("kept back" if line.verdict is Verdict.HELD else "off", "dim")
    return Text(line.reason or str(line.status).lower(), "yellow")
