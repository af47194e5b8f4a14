"""Columns of policy documents, flattened: the same whatever the policy is about."""

from auditor.frames.columns import flag, integer, text

#: One action for one principal in one statement.
STATEMENT = (
    integer("statement", "Place of the statement in the policy, from 0"),
    text("sid", "Name of the statement"),
    text("effect", "Allow or Deny"),
    text("principal_type", "AWS, Service, Federated or CanonicalUser"),
    text("principal", "Account id, ARN, service or *; with not_principal, somebody whom it leaves out"),
    flag("not_principal", "The statement is about everybody but its principals"),
    text("action", "e.g. kms:Decrypt or backup:*; with not_action, something that it leaves out"),
    flag("not_action", "The statement is about everything but its actions"),
    flag("every_resource", "Its resource is *; else it is about some, or about none that we can tell"),
    integer("conditions", "Tests that must hold too; they are in the frame of conditions"),
)

#: One value that one test in a statement compares with.
CONDITION = (
    integer("statement", "Place of the statement in the policy, from 0"),
    text("operator", "e.g. StringEquals or ForAnyValue:StringLike"),
    text("condition_key", "e.g. kms:ViaService or aws:PrincipalOrgID"),
    text("value", "One of the values; any of them will do"),
)
