"""Stand-ins for the providers over real HTTP and SMTP on loopback, with faults on demand."""

from simulator.faults import Fault
from simulator.server import PortTakenError, Simulator
from simulator.world import Raw, Received

__all__ = ["Fault", "PortTakenError", "Raw", "Received", "Simulator"]
