"""Which numbers are one policy: each hangs on the one it names, else on its object; what ends at one root is one."""

from __future__ import annotations


def families(history):
    """{policy_id: the root of its family}."""
    return {policy_id: root(history, policy_id) for policy_id in history.policies}


def root(history, policy_id):
    """Where the way back from a policy ends; policies that name each other in a circle end at the least of them."""
    path = []
    while policy_id not in path:
        path.append(policy_id)
        hook = hangs_on(history, policy_id)
        if hook is None:
            return policy_id
        if isinstance(hook, tuple):
            return hook
        policy_id = hook
    return min(path[path.index(policy_id) :])


def hangs_on(history, policy_id):
    """The policy that this one followed when it was first written, of the same customer; else its object; else None."""
    first, owner = history.policies[policy_id][0], history.customer_of[policy_id]
    previous = first["previous_policy_id"]
    if previous != policy_id and previous in history.policies and history.customer_of[previous] == owner:
        return previous
    if "object" in history.match and first["object_id"] is not None:
        return ("object", owner, first["line"], first["object_id"])
    return None
