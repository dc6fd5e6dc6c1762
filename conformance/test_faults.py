"""What the SDK makes of the faults, and what the ledger says happened."""

import pytest
from cases import POOL_ID, create, names, show, wire
from huaweicloudsdkcore.exceptions.exceptions import (
    ClientRequestException,
    ConnectionException,
    ServerResponseException,
)


def operations(sim):
    return [(entry["operation"], entry["outcome"]) for entry in sim.ledger()]


def test_a_lost_answer_leaves_a_pool_behind(sim, client, pool_body):
    sim.fault("CreatePool", "lostAnswer", count=1)
    with pytest.raises(ConnectionException):
        create(client, pool_body)
    assert operations(sim) == [("CreatePool", "lostAnswer")]
    assert show(client).metadata.name == POOL_ID
    with pytest.raises(ClientRequestException) as caught:
        create(client, pool_body)
    assert caught.value.status_code == 409


def test_an_error_after_the_commit_leaves_a_pool_behind(sim, client, pool_body):
    sim.fault("CreatePool", "errorAfterCommit", count=1)
    with pytest.raises(ServerResponseException) as caught:
        create(client, pool_body)
    assert caught.value.error_code == "ModelArts.50005000"
    assert names(client) == ["pool-001"]
    assert sim.ledger()[0]["requestId"] == caught.value.request_id


def test_a_late_commit_makes_the_pool_after_the_connection_is_gone(sim, client, pool_body):
    sim.fault("CreatePool", "delayedCommit", count=1, seconds=30)
    with pytest.raises(ConnectionException):
        create(client, pool_body)
    assert names(client) == []
    sim.advance(29)
    assert names(client) == []
    sim.advance(1)
    assert names(client) == ["pool-001"]
    assert operations(sim) == [("CreatePool", "delayedCommit")]


def test_throttling_is_429(sim, client, pool_body):
    sim.fault("CreatePool", "throttle", count=1, seconds=7)
    with pytest.raises(ClientRequestException) as caught:
        create(client, pool_body)
    assert (caught.value.status_code, caught.value.error_code) == (429, "APIGW.0308")
    assert caught.value.request_id
    assert sim.ledger() == []


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("serverError", 500, "ModelArts.50005000"),
        ("gateway404", 404, "APIG.0101"),
        ("expiredCredentials", 401, "APIGW.0301"),
        ("soldOut", 400, "ModelArts.50004000"),
        ("html503", 503, "503"),
    ],
)
def test_faults_before_the_commit_buy_nothing(sim, client, pool_body, fault, status, code):
    sim.fault("CreatePool", fault, count=1)
    with pytest.raises((ClientRequestException, ServerResponseException)) as caught:
        create(client, pool_body)
    assert (caught.value.status_code, str(caught.value.error_code)) == (status, code)
    assert sim.ledger() == []
    assert create(client, pool_body).status_code == 200, "the fault strikes once"


def test_a_malformed_answer_leaves_a_pool_behind(sim, client, pool_body):
    sim.fault("CreatePool", "malformed", count=1)
    with pytest.raises(Exception):
        wire(create(client, pool_body))
    assert operations(sim) == [("CreatePool", "malformed")]


def test_lists_can_lag_and_lack(sim, client, pool_body):
    sim.fault("CreatePool", "listLag", seconds=60, count=1)
    create(client, pool_body)
    assert show(client).metadata.name == POOL_ID
    assert names(client) == []
    sim.advance(60)
    create(client, pool_body, name="pool-002")
    assert names(client) == ["pool-001", "pool-002"]
    sim.fault("ListPools", "partialList", count=1)
    assert names(client) == ["pool-002"]
    sim.fault("ListPools", "emptyList", count=1)
    assert names(client) == []
    assert names(client) == ["pool-001", "pool-002"]
