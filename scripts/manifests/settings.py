"""Settings that the programs know, files that are mounted, secrets that the set-up makes."""

import os
import re
import subprocess

from objects import named, of_kind

PROGRAMS = ("coordinator", "worker")
# Read by libraries, so no --help names them.
OF_LIBRARIES = ("RUST_LOG",)


def helps(folder):
    """What each program says of itself."""
    if not folder:
        return {}
    path = lambda program: os.path.join(folder, f"himekuri-{program}")
    return {program: subprocess.run([path(program), "--help"], capture_output=True, text=True, check=True).stdout for program in PROGRAMS}


def known(setting, text):
    return setting in OF_LIBRARIES or f"[env: {setting}]" in text or f"[env: {setting}=" in text


def problems(documents, helps, told):
    maps = {m["metadata"]["name"]: m.get("data", {}) for m in of_kind(documents, "ConfigMap")}
    found = []
    for document in of_kind(documents, "Deployment", "StatefulSet"):
        spec = document["spec"]["template"]["spec"]
        for container in spec["containers"]:
            values = {}
            for source in container.get("envFrom", []):
                values |= maps.get(source["configMapRef"]["name"], {})
            values |= {entry["name"]: entry.get("value", "") for entry in container.get("env", [])}
            found += [f"{named(document)}: {problem}" for problem in of_container(container, values, helps.get(container["name"]))]
        wanted = {volume["secret"]["secretName"] for volume in spec.get("volumes", []) if "secret" in volume}
        wanted |= {volume["configMap"]["name"] for volume in spec.get("volumes", []) if "configMap" in volume}
        wanted |= {entry["valueFrom"]["secretKeyRef"]["name"] for c in spec["containers"] for entry in c.get("env", []) if "secretKeyRef" in entry.get("valueFrom", {})}
        for name in sorted(wanted - maps.keys()):
            if not re.search(rf"create (secret generic|configmap) {name}\b", told):
                found.append(f"{named(document)}: docs/deploying.md does not make `{name}`")
    return found


def of_container(container, values, text):
    mounts = [mount["mountPath"] for mount in container.get("volumeMounts", [])]
    ports = [port["containerPort"] for port in container.get("ports", [])]
    for setting, value in values.items():
        if not setting.startswith(("HIMEKURI_", "OTEL_")):
            continue
        if text is not None and not known(setting, text):
            yield f"the program has no setting `{setting}`"
        if setting.endswith(("_FILE", "_TOKENS", "_TLS_CA", "_TLS_CERT", "_TLS_KEY")) and not any(value.startswith(mount + "/") for mount in mounts):
            yield f"`{setting}` names `{value}`, which is not mounted"
        if setting.endswith("_LISTEN") and int(value.rpartition(":")[2]) not in ports:
            yield f"listens on {value}, which is none of its ports"
    if text is not None and container["name"] in PROGRAMS:
        for argument in container.get("args", []):
            if argument.startswith("--") and argument.partition("=")[0] not in text.split():
                yield f"the program has no argument `{argument}`"
