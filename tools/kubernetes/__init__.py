"""The manifests in ``infra/kubernetes`` and the ``Dockerfile``, checked without a cluster and without a container engine.

``python -m tools.kubernetes`` checks them; ``--write`` writes the generated files of settings first.
"""
