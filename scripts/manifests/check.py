"""Renders each overlay and each combination of components, and judges what comes out."""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import jsonschema
import kubernetes_validate
import yaml

import compose
import networks
import pods
import settings
import watching

ROOT = pathlib.Path(__file__).resolve().parents[2]
GKE = ROOT / "deploy/gke"
SCHEMAS = pathlib.Path(__file__).parent / "schemas"
# The oldest that GKE still offers, and one that is new.
VERSIONS = ("1.32", "1.36")
OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt", "Equal")
# Components stand in for one another, so no overlay has them all.
COMBINATIONS = {
    "base with hpa, prometheus-operator, valkey, traces": ["hpa", "prometheus-operator", "valkey", "traces"],
    "base with keda, managed-prometheus, valkey, traces": ["keda", "managed-prometheus", "valkey", "traces"],
}


def render(kustomize, folder):
    out = subprocess.run([*kustomize, str(folder)], capture_output=True, text=True)
    if out.returncode:
        sys.exit(f"kustomize cannot render {folder}:\n{out.stderr}")
    return [document for document in yaml.safe_load_all(out.stdout) if document]


def combined(kustomize, components):
    with tempfile.TemporaryDirectory(dir=ROOT / "deploy") as folder:
        near = lambda path: os.path.relpath(path, folder)
        kustomization = {
            "resources": [near(GKE / "base"), near(GKE / "rabbitmq")],
            "components": [near(GKE / "components" / component) for component in components],
            "images": [{"name": f"himekuri-{name}", "newTag": "0.1.0"} for name in ("coordinator", "worker")],
        }
        (pathlib.Path(folder) / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
        return render(kustomize, folder)


def operators(value):
    """Words of selectors and tolerations, which the schemas leave open."""
    if isinstance(value, dict):
        if {"key", "operator"} <= value.keys() and value["operator"] not in OPERATORS:
            yield f"no operator `{value['operator']}`"
        value = value.values()
    for part in value if not isinstance(value, (str, int, float, type(None))) else ():
        yield from operators(part)


def judged_by_schema(document):
    """Kubernetes' own kinds by its schemas, those of operators by ours."""
    yield from operators(document)
    kind, group = document["kind"], document["apiVersion"].rpartition("/")[0]
    schema = SCHEMAS / f"{kind}.json"
    if schema.exists():
        validator = jsonschema.Draft202012Validator(json.loads(schema.read_text()))
        for error in validator.iter_errors(document):
            yield f"{error.json_path}: {error.message}"
        document = kubernetes_part(document)
    elif "." in group and not group.endswith(".k8s.io"):
        yield f"no schema for `{document['apiVersion']}` {kind} in {SCHEMAS.name}/"
        return
    for version in VERSIONS if document else ():
        try:
            kubernetes_validate.validate(document, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            yield f"Kubernetes {version}: {'.'.join(map(str, error.path))}: {error.message}"


def kubernetes_part(document):
    """What an operator hands on to Kubernetes, as an object of Kubernetes."""
    spec, named = document["spec"], {"name": "judged"}
    if document["kind"] == "RabbitmqCluster":
        override = spec.get("override", {}).get("statefulSet", {}).get("spec", {}).get("template", {}).get("spec", {})
        pod = {key: value for key, value in override.items() if key != "containers"}
        pod |= {key: spec[key] for key in ("affinity", "tolerations") if key in spec}
        pod["containers"] = [{"name": "rabbitmq", "image": spec["image"], "resources": spec["resources"]}]
        return {"apiVersion": "v1", "kind": "Pod", "metadata": named, "spec": pod}
    if document["kind"] == "ScaledObject":
        behavior = spec.get("advanced", {}).get("horizontalPodAutoscalerConfig", {}).get("behavior", {})
        target = {"kind": "Deployment", "name": "judged"}
        scaler = {"scaleTargetRef": target, "maxReplicas": spec["maxReplicaCount"], "behavior": behavior}
        return {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": named, "spec": scaler}
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", default="")
    parser.add_argument("kustomize", nargs="+")
    arguments = parser.parse_args()
    helps = settings.helps(arguments.programs)
    deploying = ROOT / "docs/deploying.md"
    told = deploying.read_text() if deploying.exists() else ""
    metrics = (ROOT / "docs/metrics.md").read_text()

    renderings = {f"overlay {path.name}": render(arguments.kustomize, path) for path in sorted((GKE / "overlays").iterdir())}
    renderings |= {name: combined(arguments.kustomize, components) for name, components in COMBINATIONS.items()}
    used = {component for components in COMBINATIONS.values() for component in components}
    wrong = [f"component {path.name} is in no combination" for path in (GKE / "components").iterdir() if path.name not in used]
    count = 0
    for name, documents in renderings.items():
        found = []
        for document in documents:
            metadata = document["metadata"]
            place = f"{document['kind']} {metadata.get('namespace', '-')}/{metadata['name']}"
            found += [f"{place}: {problem}" for problem in judged_by_schema(document)]
        for rules in (pods.problems(documents), networks.problems(documents), watching.problems(documents, metrics), settings.problems(documents, helps, told)):
            found += rules
        count += len(documents)
        wrong += [f"{name}: {problem}" for problem in found]
    wrong += compose.problems(ROOT, helps)
    print("\n".join(wrong) if wrong else f"{len(renderings)} renderings, {count} objects, Kubernetes {' and '.join(VERSIONS)}: all is well")
    if not helps:
        print("settings were not compared with the programs' --help: there are no programs; run `make build`")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
