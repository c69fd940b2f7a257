"""A Kafka cluster by librdkafka's own mock: brokers that speak the real protocol, in this process.

confluent-kafka carries the library; that it can be a cluster, only its C interface says.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import files
from pathlib import Path

import confluent_kafka

_PRODUCER, _REASON = 0, 512


class MockCluster:
    """One broker; what it has is gone with it, but for when it is only down for a while."""

    def __init__(self, library: ctypes.CDLL, cluster: int) -> None:
        self._library, self._cluster = library, cluster
        # It would wait 3 s for more members, in which a new one may be taken for dead.
        library.rd_kafka_mock_group_initial_rebalance_delay_ms(cluster, 0)
        self.servers: str = library.rd_kafka_mock_cluster_bootstraps(cluster).decode()

    def topic(self, name: str, partitions: int) -> None:
        """Create a topic."""
        assert not self._library.rd_kafka_mock_topic_create(self._cluster, name.encode(), partitions, 1)

    def down(self) -> None:
        """Cut all connections and take none."""
        assert not self._library.rd_kafka_mock_broker_set_down(self._cluster, 1)

    def up(self) -> None:
        """Take connections again."""
        assert not self._library.rd_kafka_mock_broker_set_up(self._cluster, 1)


@contextmanager
def a_mock_cluster() -> Iterator[MockCluster]:
    """One cluster until the block ends."""
    library = _library()
    handle = library.rd_kafka_new(_PRODUCER, None, ctypes.create_string_buffer(_REASON), _REASON)
    cluster = library.rd_kafka_mock_cluster_new(handle, 1)
    try:
        yield MockCluster(library, cluster)
    finally:
        library.rd_kafka_mock_cluster_destroy(cluster)
        library.rd_kafka_destroy(handle)


def _is_the_library(file: Path) -> bool:
    return file.name.startswith("librdkafka") and file.parent.name in {"confluent_kafka.libs", ".dylibs"}


def _library() -> ctypes.CDLL:
    assert confluent_kafka.libversion()
    found = next(one for one in files("confluent-kafka") or () if _is_the_library(Path(one)))
    library = ctypes.CDLL(str(found.locate()))
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    for name, answers, takes in (
        ("rd_kafka_new", pointer, (number, pointer, text, ctypes.c_size_t)),
        ("rd_kafka_destroy", None, (pointer,)),
        ("rd_kafka_mock_cluster_new", pointer, (pointer, number)),
        ("rd_kafka_mock_cluster_destroy", None, (pointer,)),
        ("rd_kafka_mock_cluster_bootstraps", text, (pointer,)),
        ("rd_kafka_mock_group_initial_rebalance_delay_ms", None, (pointer, ctypes.c_int32)),
        ("rd_kafka_mock_topic_create", number, (pointer, text, number, number)),
        ("rd_kafka_mock_broker_set_down", number, (pointer, ctypes.c_int32)),
        ("rd_kafka_mock_broker_set_up", number, (pointer, ctypes.c_int32)),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = answers, takes
    return library
