"""Which signatures pass, and what the SDK makes of a refusal."""

import pytest
from cases import names
from conftest import AK, PROJECT, SK, Simulator
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkmodelarts.v1 import ListPoolsRequest


def refused(client):
    with pytest.raises(ClientRequestException) as caught:
        client.list_pools(ListPoolsRequest())
    return caught.value


def test_signing_is_accepted(client):
    assert names(client) == []


def test_signing_covers_a_query_that_needs_escapes(client):
    assert names(client, label_selector="os.modelarts/name in (a, b),!x", workspace_id="0") == []


def test_a_wrong_secret_is_401_of_the_gateway(sim):
    error = refused(sim.client(sk="another"))
    assert (error.status_code, error.error_code) == (401, "APIGW.0301")


def test_an_unknown_key_is_401(sim):
    error = refused(sim.client(ak="AKUNKNOWN"))
    assert (error.status_code, error.error_code) == (401, "APIGW.0301")


def test_an_exception_carries_the_request_id(sim):
    error = refused(sim.client(sk="another"))
    assert len(error.request_id) == 32


def test_five_failures_lock_the_key_for_five_minutes(sim, client):
    wrong = sim.client(sk="another")
    for _ in range(4):
        refused(wrong)
    assert names(client) == [], "four failures do not lock"
    for _ in range(5):
        refused(wrong)
    assert "forbidden" in refused(client).error_msg, "even the right key is refused now"
    sim.advance(299)
    assert refused(client).status_code == 401
    sim.advance(1)
    assert names(client) == []


def test_a_clock_that_is_too_far_off_is_401(sim, client):
    sim.control("POST", "clock", {"skewSeconds": 14 * 60})
    assert names(client) == []
    sim.control("POST", "clock", {"skewSeconds": 16 * 60})
    assert refused(client).error_code == "APIGW.0301"
    sim.control("POST", "clock", {"skewSeconds": -16 * 60})
    assert refused(client).error_code == "APIGW.0301"


def test_a_temporary_key_needs_its_token_and_ends(sim):
    key = {"ak": "AKTEMPORARY", "sk": "SKTEMPORARY", "project": PROJECT}
    sim.control("POST", "keys", {**key, "securityToken": "token-1", "expiresInSeconds": 900})
    good = sim.client(ak="AKTEMPORARY", sk="SKTEMPORARY", security_token="token-1")
    assert names(good) == []
    for token in (None, "token-2"):
        other = sim.client(ak="AKTEMPORARY", sk="SKTEMPORARY", security_token=token)
        assert refused(other).status_code == 401
    sim.advance(899)
    assert names(good) == []
    sim.advance(1)
    assert refused(good).status_code == 401


def test_another_project_is_403(sim):
    error = refused(sim.client(project="0" * 32))
    assert (error.status_code, error.error_code) == (403, "ModelArts.0210")


def test_the_project_is_found_through_iam(monkeypatch):
    # The SDK remembers projects by key and region, so this key is used nowhere else.
    simulator = Simulator(ak="AKPROJECTLOOKUP")
    try:
        monkeypatch.setenv("HUAWEICLOUD_SDK_IAM_ENDPOINT", simulator.url)
        assert names(simulator.client(project=None)) == []
        requests = simulator.control("GET", "requests")
        assert '"ListProjects":{"count":1' in requests
    finally:
        assert simulator.stop() == 0


def test_two_keys_reach_their_own_projects():
    other = "0123456789abcdef0123456789abcdef"
    simulator = Simulator("--ak", "AKOTHER", "--sk", "SKOTHER", "--project", other)
    try:
        assert names(simulator.client(ak=AK, sk=SK)) == []
        assert names(simulator.client(ak="AKOTHER", sk="SKOTHER", project=other)) == []
        error = refused(simulator.client(ak=AK, sk=SK, project=other))
        assert error.status_code == 403
    finally:
        assert simulator.stop() == 0
