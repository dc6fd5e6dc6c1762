"""Create, list, show and delete as the reference describes them."""

import pytest
from cases import POOL_ID, create, delete, names, show, wire
from conftest import PROJECT
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkmodelarts.v1 import (
    CreatePoolRequest,
    CreatePoolRequestBody,
    PoolAnnotationsCreation,
    PoolDriver,
    PoolLabelsCreation,
    PoolMetadataCreation,
    PoolResourceFlavor,
    PoolSpecCreation,
    PoolSpecCreationNetwork,
    ShowPoolStatisticsRequest,
)

TEAM_A = "6d2d9bd5d6c84dc4a1b3c0d9e8f70001"


def refused(call, *arguments, **more):
    with pytest.raises(ClientRequestException) as caught:
        call(*arguments, **more)
    return caught.value.status_code, caught.value.error_code


def test_the_documented_body_creates_a_pool(sim, client, pool_body):
    answer = create(client, pool_body)
    assert answer.status_code == 200
    pool = wire(answer)
    assert pool["metadata"]["name"] == POOL_ID
    assert pool["metadata"]["labels"]["os.modelarts/order.name"].startswith("order.pool-001-")
    assert pool["status"] == {"resources": {}}, "accepted, and without a phase yet"
    assert "os.modelarts/description" not in pool["metadata"]["annotations"]
    [entry] = sim.ledger()
    assert (entry["operation"], entry["poolId"], entry["outcome"]) == (
        "CreatePool",
        POOL_ID,
        "accepted",
    )
    assert len(entry["requestId"]) == 32


def test_the_models_of_the_sdk_create_the_same_pool(client):
    body = CreatePoolRequestBody(
        api_version="v2",
        kind="Pool",
        metadata=PoolMetadataCreation(
            labels=PoolLabelsCreation(
                os_modelarts_name="pool-001", os_modelarts_node_prefix="tr"
            ),
            annotations=PoolAnnotationsCreation(os_modelarts_description="trains models"),
        ),
        spec=PoolSpecCreation(
            type="Dedicate",
            scope=["Train", "Infer"],
            resources=[PoolResourceFlavor(flavor="modelarts.kat1.8xlarge", count=1)],
            network=PoolSpecCreationNetwork(name=f"net-0123-{PROJECT}"),
            driver=PoolDriver(npu_version="C78"),
        ),
    )
    assert client.create_pool(CreatePoolRequest(body=body)).metadata.name == POOL_ID
    pool = show(client)
    assert pool.metadata.labels.os_modelarts_node_prefix == "tr"
    assert pool.metadata.annotations.os_modelarts_description == "trains models"
    assert pool.spec.scope == ["Train", "Infer"]
    assert pool.spec.driver.npu_version == "C78"


def test_a_pool_is_creating_and_then_running(sim, client, pool_body):
    create(client, pool_body)
    pool = show(client)
    assert pool.status.phase == "Creating"
    assert [scope.state for scope in pool.status.scope] == ["Enabling"]
    sim.advance(2)
    pool = show(client)
    assert pool.status.phase == "Running"
    assert [scope.state for scope in pool.status.scope] == ["Enabled"]
    assert pool.status.driver.gpu.state == "Running"


def test_counts_stay_lists_on_the_wire(sim, client, pool_body):
    create(client, pool_body)
    sim.advance(2)
    answer = show(client)
    assert answer.status.resources.available.flavor is None, "the model expects an object"
    [count] = wire(answer)["status"]["resources"]["available"]
    assert (count["flavor"], count["count"]) == ("modelarts.vm.gpu.tnt004", 2)


def test_text_beyond_ascii_comes_back_as_it_went(client, pool_body):
    text = "\u6a21\u578b \u2713"
    pool_body["metadata"]["annotations"]["os.modelarts/description"] = text
    create(client, pool_body)
    assert show(client).metadata.annotations.os_modelarts_description == text


def test_a_list_covers_one_workspace(client, pool_body):
    create(client, pool_body)
    create(client, pool_body, name="pool-002", workspace=TEAM_A)
    assert names(client) == ["pool-001"]
    assert names(client, workspace_id="0") == ["pool-001"]
    assert names(client, workspace_id=TEAM_A) == ["pool-002"]


def test_a_list_can_be_selected_by_label(client, pool_body):
    for name in ("pool-001", "pool-002", "pool-003"):
        create(client, pool_body, name=name)
    selector = "os.modelarts/name"
    assert names(client, label_selector=f"{selector}=pool-002") == ["pool-002"]
    assert names(client, label_selector=f"{selector}!=pool-002") == ["pool-001", "pool-003"]
    assert names(client, label_selector=f"{selector} in (pool-001,pool-003)") == [
        "pool-001",
        "pool-003",
    ]
    assert len(names(client, label_selector=selector)) == 3
    assert names(client, label_selector=f"!{selector}") == []
    assert refused(names, client, label_selector="a b c")[0] == 400


def test_a_list_can_be_asked_by_status(sim, client, pool_body):
    create(client, pool_body)
    assert names(client, status="creating") == ["pool-001"]
    assert names(client, status="created") == []
    sim.advance(2)
    assert names(client, status="creating") == []
    assert names(client, status="created") == ["pool-001"]
    sim.control("POST", f"pools/{POOL_ID}/phase", {"phase": "CreationFailed"})
    assert names(client) == []
    assert names(client, status="failed") == ["pool-001"]
    sim.advance(3 * 24 * 3600)
    assert names(client, status="failed") == []


def test_an_absent_pool_is_404_of_the_service(client):
    assert refused(show, client) == (404, "ModelArts.50015001")
    assert refused(delete, client) == (404, "ModelArts.50015001")


def test_a_name_is_taken_until_the_pool_is_gone(sim, client, pool_body):
    create(client, pool_body)
    taken = (409, "ModelArts.50015000")
    assert refused(create, client, pool_body) == taken
    assert refused(create, client, pool_body, workspace=TEAM_A) == taken
    delete(client)
    assert refused(create, client, pool_body) == taken, "also while it is Deleting"
    sim.advance(2)
    create(client, pool_body)
    assert [entry["operation"] for entry in sim.ledger()] == [
        "CreatePool",
        "DeletePool",
        "CreatePool",
    ]


def test_a_deleted_pool_is_deleting_and_then_gone(sim, client, pool_body):
    create(client, pool_body)
    sim.advance(2)
    assert wire(delete(client))["metadata"]["deletionTimestamp"]
    assert show(client).status.phase == "Deleting"
    assert delete(client).status_code == 200, "again while it is going"
    sim.advance(2)
    assert refused(show, client) == (404, "ModelArts.50015001")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda b: b["spec"]["resources"][0].update(flavor="no.such"), "ModelArts.50004000"),
        (
            lambda b: b["spec"]["resources"][0].update(flavor="modelarts.bm.gpu.8a100"),
            "ModelArts.50004000",
        ),
        (lambda b: b["spec"].update(network={"name": "no-such"}), "ModelArts.50004000"),
        (
            lambda b: b["metadata"]["annotations"].update({"os.modelarts/description": "a<b"}),
            "ModelArts.50004000",
        ),
        (
            lambda b: b["metadata"]["labels"].update({"os.modelarts/workspace.id": "f" * 32}),
            "ModelArts.7005",
        ),
    ],
    ids=["unknown flavor", "sold out", "unknown network", "forbidden character", "workspace"],
)
def test_a_bad_creation_is_400_and_buys_nothing(sim, client, pool_body, change, code):
    change(pool_body)
    assert refused(create, client, pool_body) == (400, code)
    assert sim.ledger() == []


def test_the_quota_ends_creation(sim, client, pool_body):
    sim.control("PUT", "profile", {"poolQuota": 1})
    create(client, pool_body)
    assert refused(create, client, pool_body, name="pool-002") == (400, "ModelArts.0118")


def test_a_subscription_waits_for_payment_and_cannot_be_deleted(sim, client, pool_body):
    annotations = pool_body["metadata"]["annotations"]
    annotations["os.modelarts/billing.mode"] = "1"
    annotations["os.modelarts/period.num"] = "1"
    annotations["os.modelarts/period.type"] = "2"
    assert create(client, pool_body).metadata.annotations.os_modelarts_order_id
    sim.advance(60)
    assert wire(show(client))["status"]["phase"] == "Waiting"
    sim.control("POST", f"pools/{POOL_ID}/pay", {})
    assert show(client).status.phase == "Creating"
    assert refused(delete, client) == (400, "ModelArts.50004000")


def test_statistics_count_pools_by_state(sim, client, pool_body):
    create(client, pool_body)
    sim.advance(2)
    create(client, pool_body, name="pool-002")
    answer = wire(client.show_pool_statistics(ShowPoolStatisticsRequest()))
    assert answer["statistics"]["status"]["created"] == 1
    assert answer["statistics"]["status"]["creating"] == 1
