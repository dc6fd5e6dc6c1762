"""PatchPool: what the SDK sends by itself is refused, as by the service."""

import json

import pytest
from cases import POOL_ID, create, patch, show, wire
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkmodelarts.v1 import PatchPoolRequest

FLAVOR = "modelarts.vm.gpu.tnt004"


@pytest.fixture
def running(sim, client, pool_body):
    create(client, pool_body)
    sim.advance(2)
    return wire(show(client))


def description(text):
    return {"metadata": {"annotations": {"os.modelarts/description": text}}}


def scale(count, **more):
    return {"spec": {"resources": [{"flavor": FLAVOR, "count": count, **more}]}}


def sizes(client):
    counts = wire(show(client))["status"]["resources"]
    return {state: sum(entry["count"] for entry in entries) for state, entries in counts.items()}


def refusal(client, body):
    with pytest.raises(ClientRequestException) as caught:
        patch(client, body)
    return caught.value.status_code, caught.value.error_code


def test_the_sdks_own_content_type_is_refused_and_changes_nothing(sim, client, running):
    request = PatchPoolRequest(pool_name=POOL_ID, body=description("changed"))
    with pytest.raises(ClientRequestException) as caught:
        client.patch_pool(request)
    assert (caught.value.status_code, caught.value.error_code) == (400, "ModelArts.50004100")
    assert wire(show(client)) == running
    assert [entry["operation"] for entry in sim.ledger()] == ["CreatePool"]


def test_with_the_header_replaced_it_passes_with_an_unsigned_payload(sim, client, running):
    answer = patch(client, description("nightly training"))
    assert answer.metadata.annotations.os_modelarts_description == "nightly training"
    assert show(client).metadata.annotations.os_modelarts_description == "nightly training"
    assert sim.ledger()[-1]["operation"] == "PatchPool"


def test_growing_stays_running_and_makes_an_order(sim, client, running):
    answer = wire(patch(client, scale(3)))
    key = "os.modelarts/order.name"
    assert answer["metadata"]["labels"][key] != running["metadata"]["labels"][key]
    assert answer["status"]["phase"] == "Running"
    assert sizes(client) == {"available": 2, "creating": 1}
    sim.advance(2)
    assert sizes(client) == {"available": 3}


def test_shrinking_lets_count_win_over_what_was_read(sim, client, running):
    patch(client, scale(1, maxCount=2, azs=[{"az": "cn-north-7c", "count": 2}]))
    assert sizes(client) == {"available": 1, "deleting": 1}
    sim.advance(2)
    assert sizes(client) == {"available": 1}
    assert wire(show(client))["spec"]["resources"][0]["maxCount"] == 1


def test_up_and_down_at_once_is_refused(sim, client, running):
    other = {"flavor": "modelarts.vm.cpu.4ud", "count": 1}
    patch(client, {"spec": {"resources": [{"flavor": FLAVOR, "count": 2}, other]}})
    sim.advance(2)
    mixed = [{"flavor": FLAVOR, "count": 1}, {**other, "count": 2}]
    assert refusal(client, {"spec": {"resources": mixed}}) == (400, "ModelArts.50004000")


def test_a_resize_needs_a_running_pool_and_a_repeat_does_not(sim, client, pool_body):
    create(client, pool_body)
    assert refusal(client, scale(3)) == (400, "ModelArts.50004000")
    assert patch(client, scale(2)).status_code == 200, "what is no change is not refused"


def test_a_scope_is_enabled_after_a_while(sim, client, running):
    patch(client, {"spec": {"scope": ["Infer", "Train"]}})
    states = {scope.scope_type: scope.state for scope in show(client).status.scope}
    assert states == {"Train": "Enabled", "Infer": "Enabling"}
    sim.advance(2)
    states = {scope.scope_type: scope.state for scope in show(client).status.scope}
    assert states == {"Train": "Enabled", "Infer": "Enabled"}


def test_a_driver_is_upgraded_after_a_while(sim, client, running):
    patch(client, {"spec": {"driver": {"gpuVersion": "440.33"}}})
    gpu = show(client).status.driver.gpu
    assert (gpu.version, gpu.state) == ("440.31", "Upgrading")
    sim.advance(2)
    gpu = show(client).status.driver.gpu
    assert (gpu.version, gpu.state) == ("440.33", "Running")


@pytest.mark.parametrize(
    "body",
    [
        {"metadata": {"labels": {"os.modelarts/name": "pool-002"}}},
        {"spec": {"network": {"name": "another"}}},
        {"spec": {"type": "Logical"}},
        {"metadata": {"annotations": {"os.modelarts/billing.mode": "1"}}},
    ],
    ids=json.dumps,
)
def test_what_cannot_change_is_refused(client, running, body):
    assert refusal(client, body) == (400, "ModelArts.50004000")
    assert wire(show(client)) == running
