"""Brings clients of a botocore that does not know AWS_ENDPOINT_URL (before 1.31) to this server."""

import os
import sys

ENDPOINT = os.environ.get("TIDEGATE_ENDPOINT_URL")


class _Finder:
    """Waits for `botocore.session`, and then gets out of the way."""

    def find_spec(self, name, path=None, target=None):
        if name != "botocore.session":
            return None
        sys.meta_path.remove(self)
        import importlib.util

        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            _patch(module)

        spec.loader.exec_module = exec_module
        return spec


def _patch(module):
    import botocore

    if tuple(int(part) for part in botocore.__version__.split(".")[:2]) >= (1, 31):
        return
    create = module.Session.create_client

    def create_client(self, *given, **named):
        # The sixth argument is the endpoint; who gives one means it.
        if named.get("endpoint_url") is None and len(given) < 6:
            named["endpoint_url"] = os.environ.get("AWS_ENDPOINT_URL", ENDPOINT)
        return create(self, *given, **named)

    module.Session.create_client = create_client


if ENDPOINT:
    sys.meta_path.insert(0, _Finder())
