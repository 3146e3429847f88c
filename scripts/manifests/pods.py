"""How pods run, and who keeps them from being evicted."""

from objects import fits, named, of_kind, workloads


def problems(documents):
    accounts = {(a["metadata"]["namespace"], a["metadata"]["name"]) for a in of_kind(documents, "ServiceAccount")}
    found = []
    for document in of_kind(documents, "Deployment", "StatefulSet"):
        template = document["spec"]["template"]
        if not fits(document["spec"]["selector"], template["metadata"]["labels"]):
            found.append(f"{named(document)}: its selector does not fit its pods")
        found += [f"{named(document)}: {problem}" for problem in of_pod(document, template["spec"])]
        account = template["spec"].get("serviceAccountName")
        if account and (document["metadata"]["namespace"], account) not in accounts:
            found.append(f"{named(document)}: there is no service account `{account}`")
    for document, namespace, labels, _ in workloads(documents):
        budgets = [b for b in of_kind(documents, "PodDisruptionBudget") if b["metadata"]["namespace"] == namespace and fits(b["spec"]["selector"], labels)]
        if document["spec"].get("replicas", 2) > 1 and len(budgets) != 1:
            found.append(f"{named(document)}: {len(budgets)} budgets fit it")
    for budget in of_kind(documents, "PodDisruptionBudget"):
        if not any(namespace == budget["metadata"]["namespace"] and fits(budget["spec"]["selector"], labels) for _, namespace, labels, _ in workloads(documents)):
            found.append(f"{named(budget)}: fits no pod")
    return found


def of_pod(document, spec):
    security = spec.get("securityContext", {})
    if security.get("runAsNonRoot") is not True or not security.get("runAsUser"):
        yield "may run as root"
    if security.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield "has no seccomp profile"
    if spec.get("automountServiceAccountToken") is not False:
        yield "gets a token of Kubernetes that it does not need"
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(key):
            yield f"uses {key}"
    if not spec.get("terminationGracePeriodSeconds"):
        yield "does not say how long it may take to end"
    if "cloud.google.com/gke-spot" in spec.get("nodeSelector", {}) and spec["terminationGracePeriodSeconds"] > 15:
        yield "runs on spot nodes, which give 15 s, and asks for more"
    sleep = 0
    for container in spec["containers"]:
        yield from of_container(container)
        sleep = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
    # A program of the pool ends within 10 s.
    if spec.get("terminationGracePeriodSeconds", 0) < sleep + 10:
        yield "has less than the 10 s that a program needs to end"
    volumes = {volume["name"] for volume in spec.get("volumes", [])}
    volumes |= {claim["metadata"]["name"] for claim in document["spec"].get("volumeClaimTemplates", [])}
    mounts = {mount["name"] for container in spec["containers"] for mount in container.get("volumeMounts", [])}
    if volumes != mounts:
        yield f"volumes and mounts differ: {sorted(volumes ^ mounts)}"
    if any("hostPath" in volume for volume in spec.get("volumes", [])):
        yield "reads the disk of its node"


def of_container(container):
    security = container.get("securityContext", {})
    if security.get("readOnlyRootFilesystem") is not True:
        yield "can write its root"
    if security.get("allowPrivilegeEscalation") is not False or security.get("capabilities", {}).get("drop") != ["ALL"]:
        yield "keeps rights that it does not need"
    resources = container.get("resources", {})
    if not {"cpu", "memory"} <= resources.get("requests", {}).keys() or "memory" not in resources.get("limits", {}):
        yield "does not say what it needs of CPU and memory"
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        if probe not in container:
            yield f"has no {probe}"
    _, colon, tag = container["image"].rpartition("/")[2].partition(":")
    if not colon or tag == "latest":
        yield f"image `{container['image']}` has no version"
