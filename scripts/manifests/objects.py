"""What several rules ask of rendered objects."""


def of_kind(documents, *kinds):
    return [document for document in documents if document["kind"] in kinds]


def named(document):
    return f"{document['kind']} {document['metadata'].get('namespace', '-')}/{document['metadata']['name']}"


def fits(selector, labels):
    """Whether a label selector fits; an empty one fits everything."""
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    for rule in selector.get("matchExpressions") or []:
        value, among = labels.get(rule["key"]), rule.get("values") or []
        right = {
            "In": value in among,
            "NotIn": value not in among,
            "Exists": value is not None,
            "DoesNotExist": value is None,
        }[rule["operator"]]
        if not right:
            return False
    return True


def workloads(documents):
    """Whatever has pods: (object, namespace, labels of its pods, numbers and names of their ports)."""
    found = []
    for document in of_kind(documents, "Deployment", "StatefulSet"):
        template = document["spec"]["template"]
        ports = {}
        for container in template["spec"]["containers"]:
            for port in container.get("ports", []):
                ports[port["name"]] = port["containerPort"]
        found.append((document, document["metadata"]["namespace"], template["metadata"]["labels"], ports))
    for document in of_kind(documents, "RabbitmqCluster"):
        name = document["metadata"]["name"]
        # What the operator gives its pods.
        labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/component": "rabbitmq", "app.kubernetes.io/part-of": "rabbitmq"}
        ports = {"epmd": 4369, "amqps": 5671, "prometheus-tls": 15691, "clustering": 25672, "cli": 35672}
        found.append((document, document["metadata"]["namespace"], labels, ports))
    return found
