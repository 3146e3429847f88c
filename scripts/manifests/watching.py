"""Who is scraped and scaled, and by which metrics."""

import re

from objects import fits, named, of_kind, workloads


def problems(documents, metrics):
    found = []
    for monitor in of_kind(documents, "PodMonitoring", "PodMonitor"):
        home, spec = monitor["metadata"]["namespace"], monitor["spec"]
        ours = [t for t in workloads(documents) if t[1] == home and fits(spec["selector"], t[2])]
        for endpoint in spec.get("endpoints", spec.get("podMetricsEndpoints", [])):
            if not any(endpoint["port"] in ports or endpoint["port"] in ports.values() for _, _, _, ports in ours):
                found.append(f"{named(monitor)}: nobody listens on {endpoint['port']}")
    deployments = {d["metadata"]["name"]: d for d in of_kind(documents, "Deployment")}
    for scaler in of_kind(documents, "ScaledObject", "HorizontalPodAutoscaler"):
        target = deployments.get(scaler["spec"]["scaleTargetRef"]["name"])
        if target is None:
            found.append(f"{named(scaler)}: scales what is not there")
        elif "replicas" in target["spec"]:
            found.append(f"{named(scaler)}: the number of {named(target)} is set twice")
        text = str(scaler["spec"])
        for metric in re.findall(r"himekuri_\w+", text):
            if f"`{metric}`" not in metrics:
                found.append(f"{named(scaler)}: docs/metrics.md has no `{metric}`")
        for state in re.findall(r"state=~\"([\w|]+)\"", text):
            found += [f"{named(scaler)}: no state `{word}`" for word in state.split("|") if f"`{word}`" not in metrics]
    triggers = {reference["authenticationRef"]["name"] for s in of_kind(documents, "ScaledObject") for reference in s["spec"]["triggers"] if "authenticationRef" in reference}
    known = {t["metadata"]["name"] for t in of_kind(documents, "TriggerAuthentication")}
    return found + [f"there is no TriggerAuthentication `{name}`" for name in triggers - known]
