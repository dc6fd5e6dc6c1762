"""Networks, flavors, workspaces, nodes, orders, events, quotas and tags."""

import pytest
from cases import MERGE_PATCH, POOL_ID, create, delete, wire
from conftest import PROJECT
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkmodelarts.v1 import (
    BatchCreatePoolTagsRequest,
    BatchDeletePoolTagsRequest,
    CreateNetworkRequest,
    DeleteNetworkRequest,
    ListEventsRequest,
    ListNetworksRequest,
    ListPoolNodesRequest,
    ListResourceFlavorsRequest,
    ListWorkspaceRequest,
    PatchNetworkRequest,
    ShowNetworkRequest,
    ShowOrderRequest,
    ShowOsConfigRequest,
    ShowOsQuotaRequest,
    ShowPoolTagsRequest,
    ShowWorkspaceRequest,
)

NETWORK = f"network-7a03-{PROJECT}"


def network_body(name="network-7a03", cidr="192.168.128.0/17"):
    return {
        "apiVersion": "v1",
        "kind": "Network",
        "metadata": {"labels": {"os.modelarts/name": name}},
        "spec": {"cidr": cidr},
    }


def make_network(client, **more):
    return client.create_network(CreateNetworkRequest(body=network_body(**more)))


def show_network(client, name=NETWORK):
    return client.show_network(ShowNetworkRequest(network_name=name))


def test_a_network_becomes_active_with_a_subnet(sim, client):
    answer = make_network(client)
    assert answer.metadata.name == NETWORK
    assert answer.status.phase == ""
    assert show_network(client).status.phase == "Creating"
    sim.advance(2)
    status = wire(show_network(client))["status"]
    assert status["phase"] == "Active"
    assert status["subnets"][0]["networkId"]


def test_a_network_in_use_stays(sim, client, pool_body):
    make_network(client)
    sim.advance(2)
    pool_body["spec"]["network"]["name"] = NETWORK
    create(client, pool_body)
    request = DeleteNetworkRequest(network_name=NETWORK)
    with pytest.raises(ClientRequestException) as caught:
        client.delete_network(request)
    assert caught.value.error_code == "ModelArts.50025002"
    delete(client)
    sim.advance(2)
    assert client.delete_network(request).status_code == 200
    sim.advance(2)
    with pytest.raises(ClientRequestException) as caught:
        show_network(client)
    assert (caught.value.status_code, caught.value.error_code) == (404, "ModelArts.50025001")


def test_a_pool_needs_an_active_network(sim, client, pool_body):
    make_network(client)
    pool_body["spec"]["network"]["name"] = NETWORK
    with pytest.raises(ClientRequestException):
        create(client, pool_body)
    sim.advance(2)
    assert create(client, pool_body).status_code == 200


def test_networks_are_paged(client):
    for number in range(4):
        make_network(client, name=f"network-{number}")
    seen, token = [], None
    for _ in range(3):
        page = client.list_networks(ListNetworksRequest(limit=2, _continue=token))
        answer = wire(page)
        seen += [item["metadata"]["name"] for item in answer["items"]]
        token = answer["metadata"].get("continue")
    assert token is None
    assert len(seen) == len(set(seen)) == 5, "four and the one that is there from the start"


def test_a_network_is_patched_only_by_a_merge_patch(sim, client):
    make_network(client)
    sim.advance(2)
    peer = {"peerVpcId": "vpc", "peerSubnetId": "subnet", "defaultGateWay": False}
    body = {"spec": {"connection": {"peerConnectionList": [peer]}}}
    request = PatchNetworkRequest(network_name=NETWORK, body=body)
    with pytest.raises(ClientRequestException) as caught:
        client.patch_network(request)
    assert caught.value.error_code == "ModelArts.50004100"
    client.patch_network_invoker(request).add_header("Content-Type", MERGE_PATCH).invoke()
    assert wire(show_network(client))["spec"]["connection"]["peerConnectionList"] == [peer]


def test_flavors_are_paged_and_can_be_selected_by_a_key_alone(client):
    everything = client.list_resource_flavors(ListResourceFlavorsRequest())
    all_names = [flavor.metadata.name for flavor in everything.items]
    for wanted in ("modelarts.vm.gpu.tnt004", "modelarts.vm.cpu.4ud", "modelarts.kat1.8xlarge"):
        assert wanted in all_names
    seen, token = [], None
    while True:
        request = ListResourceFlavorsRequest(
            limit=4, _continue=token, label_selector="os.modelarts/scope"
        )
        answer = wire(client.list_resource_flavors(request))
        assert len(answer["items"]) <= 4
        seen += [item["metadata"]["name"] for item in answer["items"]]
        token = answer["metadata"].get("continue")
        if not token:
            break
    assert seen == all_names


def test_an_npu_flavor_is_arm_and_a_sold_out_one_says_so(client):
    answer = wire(client.list_resource_flavors(ListResourceFlavorsRequest()))
    flavors = {item["metadata"]["name"]: item for item in answer["items"]}
    ascend = flavors["modelarts.kat1.8xlarge"]["spec"]
    assert (ascend["cpuArch"], ascend["npu"]["size"]) == ("arm64", "8")
    zones = flavors["modelarts.bm.gpu.8a100"]["status"]["phase"]
    assert set(zones.values()) == {"soldout"}


def test_workspaces_are_paged_and_end_in_an_empty_page(client):
    seen, offset = [], 0
    while True:
        page = client.list_workspace(ListWorkspaceRequest(offset=offset, limit=2))
        if not page.workspaces:
            break
        seen += [workspace.id for workspace in page.workspaces]
        offset = len(seen)
    assert seen[0] == "0"
    assert page.total_count == len(seen) == 3


def test_the_default_workspace_is_normal(client):
    workspace = client.show_workspace(ShowWorkspaceRequest(workspace_id="0"))
    assert (workspace.name, workspace.status) == ("default", "NORMAL")


def test_nodes_follow_the_pool(sim, client, pool_body):
    pool_body["metadata"]["labels"]["os.modelarts/node.prefix"] = "tr"
    create(client, pool_body)
    nodes = client.list_pool_nodes(ListPoolNodesRequest(pool_name=POOL_ID))
    assert [node.status.phase for node in nodes.items] == ["Creating", "Creating"]
    sim.advance(2)
    nodes = client.list_pool_nodes(ListPoolNodesRequest(pool_name=POOL_ID))
    assert [node.status.phase for node in nodes.items] == ["Available", "Available"]
    assert all(node.metadata.name.startswith("tr-") for node in nodes.items)


def test_an_order_lists_the_pool_and_its_nodes(sim, client, pool_body):
    pool = wire(create(client, pool_body))
    sim.advance(2)
    name = pool["metadata"]["labels"]["os.modelarts/order.name"]
    order = wire(client.show_order(ShowOrderRequest(order_name=name)))
    assert {item["status"] for item in order["items"]} == {"succeed"}
    actions = [item["action"] for item in order["items"]]
    assert actions == ["createPool", "createNode", "createNode"]


def test_events_tell_the_phases(sim, client, pool_body):
    create(client, pool_body)
    sim.advance(2)
    sim.control("POST", f"pools/{POOL_ID}/phase", {"phase": "Abnormal", "message": "node lost"})
    events = client.list_events(ListEventsRequest(resource="pools", name=POOL_ID)).items
    assert events[0].type == "Warning"
    assert "from Running to Abnormal" in events[0].message
    assert len(events) == 3


def test_quotas_tell_what_is_used(client, pool_body):
    create(client, pool_body)
    quotas = wire(client.show_os_quota(ShowOsQuotaRequest()))["quotas"]["resources"]
    pools = [quota for quota in quotas if quota["type"] == "pool"]
    assert pools == [{"type": "pool", "quota": 15, "used": 1}]
    config = wire(client.show_os_config(ShowOsConfigRequest()))
    assert config["poolQuota"] == 15


def test_tags_come_and_go(client, pool_body):
    create(client, pool_body)
    tags = {"tags": [{"key": "team", "value": "a"}, {"key": "cost", "value": "b"}]}
    client.batch_create_pool_tags(BatchCreatePoolTagsRequest(pool_name=POOL_ID, body=tags))
    answer = client.show_pool_tags(ShowPoolTagsRequest(pool_name=POOL_ID))
    assert {tag.key for tag in answer.tags} == {"team", "cost"}
    gone = {"tags": [{"key": "cost"}]}
    client.batch_delete_pool_tags(BatchDeletePoolTagsRequest(pool_name=POOL_ID, body=gone))
    answer = client.show_pool_tags(ShowPoolTagsRequest(pool_name=POOL_ID))
    assert {tag.key for tag in answer.tags} == {"team"}
