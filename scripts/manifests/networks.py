"""Every policy fits somebody, and both sides of a connection are open."""

from objects import fits, named, of_kind, workloads

# Namespaces that others fill, with the labels that they must have.
OTHERS = [{"kubernetes.io/metadata.name": name} for name in ("kube-system", "gmp-system", "gke-gmp-system", "monitoring", "observability")]
OTHERS += [{"himekuri-api-client": "true"}]


def problems(documents):
    policies, targets = of_kind(documents, "NetworkPolicy"), workloads(documents)
    namespaces = {namespace for _, namespace, _, _ in targets}
    labels_of = {n["metadata"]["name"]: {"kubernetes.io/metadata.name": n["metadata"]["name"], **n["metadata"].get("labels", {})} for n in of_kind(documents, "Namespace")}
    found = [f"namespace {namespace} is open" for namespace in namespaces if not any(denies_all(p, namespace) for p in policies)]
    for service in of_kind(documents, "Service"):
        selected = [t for t in targets if t[1] == service["metadata"]["namespace"] and fits({"matchLabels": service["spec"]["selector"]}, t[2])]
        for port in service["spec"]["ports"]:
            if not any(port["targetPort"] in ports or port["targetPort"] in ports.values() for _, _, _, ports in selected):
                found.append(f"{named(service)}: nobody listens on {port['targetPort']}")
    for policy in policies:
        home, spec = policy["metadata"]["namespace"], policy["spec"]
        ours = [t for t in targets if t[1] == home and fits(spec["podSelector"], t[2])]
        if not ours:
            found.append(f"{named(policy)}: fits no pod")
        for rule in spec.get("ingress", []):
            for port in numbers(rule):
                if not any(port in ports.values() for _, _, _, ports in ours):
                    found.append(f"{named(policy)}: opens {port}, where nobody listens")
        for rule in spec.get("egress", []):
            for there in [t for peer in rule.get("to", []) for t in meant(peer, home, targets, labels_of)]:
                for port in numbers(rule):
                    if port in there[3].values() and not all(lets_in(policies, one, there, port, labels_of) for one in ours):
                        found.append(f"{named(policy)}: {named(there[0])} does not let everybody in on {port}")
        for peer in [p for rule in spec.get("egress", []) for p in rule.get("to", [])] + [p for rule in spec.get("ingress", []) for p in rule.get("from", [])]:
            others = "namespaceSelector" in peer and any(fits(peer["namespaceSelector"], labels) for labels in OTHERS)
            if "ipBlock" not in peer and not others and not meant(peer, home, targets, labels_of):
                found.append(f"{named(policy)}: a peer fits nobody: {peer}")
    return found


def denies_all(policy, namespace):
    spec = policy["spec"]
    closed = spec["podSelector"] == {} and set(spec.get("policyTypes", [])) == {"Ingress", "Egress"}
    return closed and policy["metadata"]["namespace"] == namespace and not spec.get("ingress") and not spec.get("egress")


def numbers(rule):
    return [port["port"] for port in rule.get("ports", [])]


def meant(peer, home, targets, labels_of):
    """Workloads that a peer of a policy in the namespace `home` means."""
    if "ipBlock" in peer:
        return []
    inside = lambda namespace: fits(peer["namespaceSelector"], labels_of.get(namespace, {})) if "namespaceSelector" in peer else namespace == home
    return [t for t in targets if inside(t[1]) and fits(peer.get("podSelector", {}), t[2])]


def lets_in(policies, one, there, port, labels_of):
    for policy in policies:
        if policy["metadata"]["namespace"] != there[1] or not fits(policy["spec"]["podSelector"], there[2]):
            continue
        for rule in policy["spec"].get("ingress", []):
            if port in numbers(rule) and any(meant(peer, there[1], [one], labels_of) for peer in rule.get("from", [])):
                return True
    return False
