"""What is encrypted on the server is read in the real Temporal UI, by operators who signed in here."""

import base64
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect
from temporalio.client import Client, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from domain.status import Status
from temporal_client import data_converter
from tests.pages.browser import Reader
from tests.pages.test_operators import signs_in
from tests.processes import PATIENCE, eventually
from tests.site import Site, free_port, open_site
from tests.stage import City, Stage, be_patient_with_workflows
from worker import workers
from workflows.policy import SEARCH_ATTRIBUTES


@dataclass(frozen=True)
class Encrypted:
    """A Temporal server with its UI, workers with keys, and our API beside them."""

    site: Site
    ui: str
    client: Client


@pytest.fixture
async def encrypted(stage: Stage, tmp_path: Path) -> AsyncIterator[Encrypted]:
    keys, port = tmp_path / "payload-keys", free_port()
    keys.write_text(f"k1:{base64.b64encode(os.urandom(32)).decode()}\n")
    ui = f"http://127.0.0.1:{port}"
    async with AsyncExitStack() as running:
        env = await running.enter_async_context(
            await WorkflowEnvironment.start_local(
                data_converter=data_converter({"PAYLOAD_KEYS_FILE": str(keys)}),
                dev_server_existing_path=shutil.which("temporal"),
                dev_server_extra_args=["--ui-disable-news-fetch"],
                search_attributes=SEARCH_ATTRIBUTES,
                ui=True,
                ui_port=port,
            )
        )
        for worker in await running.enter_async_context(workers(env.client, stage.settings)):
            be_patient_with_workflows(worker)
            await running.enter_async_context(worker)
        site = await running.enter_async_context(open_site(stage, client=env.client, temporal_ui=ui))
        yield Encrypted(site, ui, env.client)


async def reads_by_our_codec(page: Page, codec: str) -> None:
    """Set the UI up as docs/encryption.md says."""
    await page.get_by_role("button", name="Configure Codec Server").click()
    asked = page.get_by_role("dialog")
    await asked.get_by_text("Use my browser setting").click()
    await asked.get_by_label("Codec Server browser endpoint").fill(codec)
    await asked.get_by_text("Include cross-origin credentials").click()
    await asked.get_by_role("button", name="Apply").click()
    await page.reload()


async def an_order_is_told(encrypted: Encrypted, city: City) -> str:
    """Where the UI shows what became of it."""
    ana = await city.customer()
    order = city.order(ana)
    facts = {"merchant_name": "Burger Barn", "eta_minutes": 12}
    handle: WorkflowHandle[Any, Any] = await encrypted.client.start_workflow(
        "OrderNotifications",
        {"order_id": order.order_id},
        id=f"order-{order.order_id}",
        task_queue="order-notifications",
        start_signal="status_changed",
        start_signal_args=[order.event(Status.OUT_FOR_DELIVERY, facts=facts)],
    )
    await eventually(lambda: bool(ana.pushes))
    return f"{encrypted.ui}/namespaces/default/workflows/{handle.id}/{handle.first_execution_run_id}/history"


async def test_operators_who_signed_in_read_an_encrypted_order_in_the_temporal_ui(
    encrypted: Encrypted, city: City, browser: Browser
) -> None:
    history = await an_order_is_told(encrypted, city)
    # Not by the fixture: the UI complains of much that is not ours.
    reader = await Reader.arrives(browser, phone=False)
    page = reader.page
    page.set_default_timeout(PATIENCE * 1000)

    await page.goto(history)
    await reads_by_our_codec(page, f"{encrypted.site.url}/codec")
    await expect(page.get_by_text("Codec Server could not connect").last).to_be_visible(
        timeout=PATIENCE * 1000
    )
    assert "order_id" not in await page.content()

    await signs_in(reader, encrypted.site)
    await page.goto(history)
    await page.get_by_text("Workflow Execution Signaled").first.click()
    payload = page.get_by_text("Burger Barn").first
    await expect(payload).to_be_visible(timeout=PATIENCE * 1000)
    await payload.evaluate("shown => shown.scrollIntoView({block: 'center', inline: 'end'})")
    assert "could not connect" not in await page.content()
    await reader.shows("temporal-ui")
    await reader.context.close()
