"""All HTTP stand-ins as one ASGI application. A new provider is one more line here."""

from starlette.routing import Router

from simulator.control import Control
from simulator.fcm import Fcm
from simulator.google import Google
from simulator.ses import Ses
from simulator.sns import Sns
from simulator.twilio import Twilio
from simulator.world import World


def app(world: World) -> Router:
    """Build the application: a bare router, since Starlette's middleware would cost benchmarks for no use."""
    google = Google(world)
    parts = (google, Fcm(world, google), Twilio(world), Ses(world), Sns(), Control(world))
    return Router([route for part in parts for route in part.routes()])
