"""What the cases share: calls with little in them, and what an answer said on the wire."""

import json

from conftest import PROJECT
from huaweicloudsdkmodelarts.v1 import (
    CreatePoolRequest,
    DeletePoolRequest,
    ListPoolsRequest,
    PatchPoolRequest,
    ShowPoolRequest,
)

POOL_ID = f"pool-001-{PROJECT}"
MERGE_PATCH = "application/merge-patch+json"


def wire(response):
    """The answer as it came, before the SDK's models had their way with it."""
    return json.loads(response.raw_content)


def create(client, body, name=None, workspace=None):
    body = json.loads(json.dumps(body))
    labels = body["metadata"]["labels"]
    if name:
        labels["os.modelarts/name"] = name
    if workspace:
        labels["os.modelarts/workspace.id"] = workspace
    return client.create_pool(CreatePoolRequest(body=body))


def show(client, pool=POOL_ID):
    return client.show_pool(ShowPoolRequest(pool_name=pool))


def delete(client, pool=POOL_ID):
    return client.delete_pool(DeletePoolRequest(pool_name=pool))


def names(client, **query):
    answer = wire(client.list_pools(ListPoolsRequest(**query)))
    return [item["metadata"]["labels"]["os.modelarts/name"] for item in answer["items"]]


def patch(client, body, pool=POOL_ID):
    """PatchPool through the SDK's invoker, which lets the caller replace a header."""
    request = PatchPoolRequest(pool_name=pool, body=body)
    return client.patch_pool_invoker(request).add_header("Content-Type", MERGE_PATCH).invoke()
