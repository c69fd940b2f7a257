"""The search attributes of an order, which a Temporal namespace must know before an order may use them."""

from collections.abc import Sequence

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from workflows.policy import SEARCH_ATTRIBUTES


class NotRegistered(Exception):
    """The namespace lacks search attributes and does not let us add them."""


async def register_search_attributes(client: Client) -> None:
    """Make sure the namespace knows our search attributes: an unknown one blocks every order that sets it."""
    if not (missing := await _missing(client)):
        return
    request = AddSearchAttributesRequest(
        namespace=client.namespace,
        search_attributes=dict.fromkeys(missing, IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD),
    )
    try:
        await client.operator_service.add_search_attributes(request)
    except RPCError as error:
        if error.status is RPCStatusCode.ALREADY_EXISTS:
            return
        raise NotRegistered(
            f"namespace {client.namespace} has no search attributes {', '.join(missing)} of type Keyword, "
            "and this client may not add them: add them with the rights of an administrator"
        ) from None


async def _missing(client: Client) -> Sequence[str]:
    request = ListSearchAttributesRequest(namespace=client.namespace)
    known = (await client.operator_service.list_search_attributes(request)).custom_attributes
    return [key.name for key in SEARCH_ATTRIBUTES if key.name not in known]
