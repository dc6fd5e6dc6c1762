"""A simulator of its own for every case, and the SDK's client pointed at it."""

import json
import os
import pathlib
import subprocess
import urllib.error
import urllib.request

import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.region.region import Region
from huaweicloudsdkmodelarts.v1 import ModelArtsClient

PROJECT = "86c13962597848eeb29c5861153a391f"
REGION = "cn-north-4"
AK = "AKEXAMPLE"
SK = "SKEXAMPLE"


def binary():
    path = pathlib.Path(os.environ.get("MODELARTS_SIM", ""))
    assert path.is_file(), "set MODELARTS_SIM to the simulator's binary, or use conformance/run"
    return str(path)


class Simulator:
    """A running simulator whose clock moves only when told."""

    def __init__(self, *flags, ak=AK):
        arguments = ["--ak", ak, "--sk", SK, "--project", PROJECT, "--clock", "stepped"]
        self.ak = ak
        self.process = subprocess.Popen(
            [binary(), *arguments, *flags],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.url = json.loads(self.process.stdout.readline())["listening"]

    def stop(self):
        self.process.terminate()
        code = self.process.wait(timeout=10)
        self.process.stdout.close()
        return code

    def control(self, method, path, body=None):
        """A call of the control API; the answer as text."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_sim/{path}", data=data, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read().decode()

    def advance(self, seconds):
        self.control("POST", "clock", {"advanceSeconds": seconds})

    def fault(self, operation, fault, **more):
        self.control("PUT", "faults", [{"operation": operation, "fault": fault, **more}])

    def ledger(self):
        return [json.loads(line) for line in self.control("GET", "ledger").splitlines()]

    def client(self, sk=SK, project=PROJECT, ak=None, security_token=None):
        credentials = BasicCredentials(ak or self.ak, sk, project)
        if security_token:
            credentials = credentials.with_security_token(security_token)
        builder = ModelArtsClient.new_builder().with_credentials(credentials)
        return builder.with_region(Region(REGION, self.url)).build()


@pytest.fixture
def sim():
    simulator = Simulator()
    yield simulator
    assert simulator.stop() == 0, "the simulator ends cleanly on SIGTERM"


@pytest.fixture
def client(sim):
    return sim.client()


@pytest.fixture
def pool_body():
    """The body of CreatePool as the reference shows it."""
    return {
        "apiVersion": "v2",
        "kind": "Pool",
        "metadata": {
            "labels": {"os.modelarts/name": "pool-001", "os.modelarts/workspace.id": "0"},
            "annotations": {"os.modelarts/description": "", "os.modelarts/billing.mode": "0"},
        },
        "spec": {
            "type": "Dedicate",
            "scope": ["Train"],
            "network": {"name": f"net-0123-{PROJECT}"},
            "resources": [{"flavor": "modelarts.vm.gpu.tnt004", "count": 2}],
            "driver": {"gpuVersion": "440.31"},
        },
    }
