"""crm.timeline.comment.*; whose timeline it is, for the other timeline methods too."""

from typing import Any

from emulator.crm import files, rights
from emulator.crm.dates import iso
from emulator.crm.entities import Entity, Record, by_type_id
from emulator.crm.timeline import Comment, Owner
from emulator.crm.values import to_int
from emulator.errors import RestError
from emulator.rest.crm_item import needed
from emulator.rest.crm_legacy import listed, refuse
from emulator.rest.crm_rows import ordered
from emulator.rest.registry import PAGE_SIZE, Call, Reply, method

_COMMENTS = "api-reference/crm/timeline/comments/"
_WRITTEN = ("COMMENT", "FILES", "ENTITY_TYPE", "ENTITY_ID")
_COMMENT = ("ID", "ENTITY_ID", "ENTITY_TYPE", "CREATED", "COMMENT", "AUTHOR_ID", "FILES")


def owner_named(call: Call, name: Any, number: Any) -> Owner:
    """The record a timeline entry belongs to, by type word. OWNER_NOT_FOUND if there is none."""
    word = str(name or "").lower()
    entity = Entity(word) if word in set(Entity) else None
    return _existing(call, entity, to_int(number))


def owner_numbered(call: Call, type_id: Any, number: Any) -> Owner:
    """The same by entityTypeId."""
    return _existing(call, by_type_id(to_int(type_id)), to_int(number))


def _existing(call: Call, entity: Entity | None, number: int) -> Owner:
    if entity is None or not call.portal.crm.exists(entity, number):
        raise RestError(400, "OWNER_NOT_FOUND", "Owner was not found")
    return entity, number


def editable(call: Call, owner: Owner) -> None:
    """ACCESS_DENIED unless the caller may change the owning record."""
    if not rights.can_write(call.user, call.portal.crm.tables[owner[0]].rows[owner[1]]):
        raise RestError(400, "ACCESS_DENIED", "Access denied")


def readable(call: Call, owner: Owner) -> bool:
    """Whether the caller sees the owning record."""
    record = call.portal.crm.tables[owner[0]].rows.get(owner[1])
    return record is not None and rights.can_read(call.user, record)


def the_fields(call: Call) -> Record:
    """`fields` as a map, or the controller's refusal."""
    fields = needed(call, "fields")
    if not isinstance(fields, dict):
        raise RestError(
            400, "100", "Invalid value {fields} to match with parameter {fields}. Should be value of type array."
        )
    return fields


def _text(fields: Record) -> str:
    text = str(fields.get("COMMENT") or "").strip()
    if not text:
        raise RestError(400, "INVALID_ARG_VALUE", "Empty comment")
    return text


def _files(fields: Record) -> list[files.Attached]:
    rows = fields.get("FILES") or []
    return [files.read(str(row[0]), str(row[1])) for row in rows if isinstance(row, list) and len(row) == 2]


def _comment(call: Call) -> Comment:
    found = call.portal.crm.timeline.comments.get(to_int(needed(call, "id")))
    if found is None:
        raise RestError(400, "NOT_FOUND", "Not found.")
    return found


def _chosen(call: Call, comment: Comment, *, several_refused: bool) -> Owner:
    """The binding meant: the one named by ownerTypeId and ownerId, or the only one."""
    if call.params.get("ownerTypeId") is not None and call.params.get("ownerId") is not None:
        owner = owner_numbered(call, call.params["ownerTypeId"], call.params["ownerId"])
        if owner not in comment.owners:
            raise RestError(400, "NOT_FOUND", "Not found.")
        return owner
    if several_refused and len(comment.owners) > 1:
        raise RestError(400, "MULTIPLE_BINDINGS", "Entity has multiple bindings")
    return comment.owners[0]


@method(
    "crm.timeline.comment.add",
    scope="crm",
    page=_COMMENTS + "crm-timeline-comment-add.md",
    params=("fields",),
    case="camel",
)
def add_comment(call: Call) -> int:
    """Id of the comment. Only the lower-case key `fields` is taken."""
    fields = the_fields(call)
    call.swallow(fields, _WRITTEN, "field of a comment")
    owner = owner_named(call, fields.get("ENTITY_TYPE"), fields.get("ENTITY_ID"))
    editable(call, owner)
    return call.portal.crm.timeline.comment(owner, _text(fields), call.user, _files(fields)).id


@method(
    "crm.timeline.comment.update",
    scope="crm",
    page=_COMMENTS + "crm-timeline-comment-update.md",
    params=("id", "fields", "ownerTypeId", "ownerId"),
    case="camel",
)
def update_comment(call: Call) -> int:
    """Id. Only the author may, with edit right on the record (crm/lib/controller/timeline/comment.php)."""
    comment, fields = _comment(call), the_fields(call)
    call.swallow(fields, _WRITTEN[:2], "field of a comment")
    editable(call, _chosen(call, comment, several_refused=False))
    if comment.author != call.user.id:
        raise RestError(400, "ACCESS_DENIED", "Access denied")
    held = _files(fields) if "FILES" in fields else None
    call.portal.crm.timeline.edit_comment(comment.id, _text(fields), held, call.user)
    return comment.id


@method(
    "crm.timeline.comment.delete",
    scope="crm",
    page=_COMMENTS + "crm-timeline-comment-delete.md",
    params=("id", "ownerTypeId", "ownerId"),
    case="camel",
)
def delete_comment(call: Call) -> None:
    """Null. The author or an administrator may."""
    comment = _comment(call)
    editable(call, _chosen(call, comment, several_refused=True))
    if comment.author != call.user.id and not call.user.admin:
        raise RestError(400, "ACCESS_DENIED", "Access denied")
    call.portal.crm.timeline.drop_comment(comment.id, call.user)


@method("crm.timeline.comment.get", scope="crm", page=_COMMENTS + "crm-timeline-comment-get.md", params=("id",))
def get_comment(call: Call) -> Record:
    """One comment as texts."""
    number = to_int(call.params.get("id"))
    if number <= 0:
        raise refuse("ID is not defined or invalid.")
    comment = call.portal.crm.timeline.comments.get(number)
    if comment is None:
        raise refuse("Not found.")
    owner = next((one for one in comment.owners if readable(call, one)), None)
    if owner is None:
        raise refuse("Access denied.")
    return _comment_row(call, comment, owner)


@method(
    "crm.timeline.comment.list",
    scope="crm",
    page=_COMMENTS + "crm-timeline-comment-list.md",
    params=("select", "filter", "order"),
)
def list_comments(call: Call) -> Reply:
    """Comments of the one record the filter must name."""
    given = call.params.get("filter")
    given = given if isinstance(given, dict) else {}
    call.swallow(given, ("ENTITY_TYPE", "ENTITY_ID", "=ENTITY_TYPE", "=ENTITY_ID"), "filter field of comments")
    call.swallow(call.params.get("order"), _COMMENT, "order field of comments")
    word = str(given.get("ENTITY_TYPE", given.get("=ENTITY_TYPE", ""))).lower()
    owner = (Entity(word), to_int(given.get("ENTITY_ID", given.get("=ENTITY_ID")))) if word in set(Entity) else None
    if owner is None or not readable(call, owner):
        raise refuse("Access denied.")
    rows: list[Record] = [
        {"ID": row.id, "CREATED": row.created, "AUTHOR_ID": row.author, "row": row}
        for row in call.portal.crm.timeline.comments.values()
        if owner in row.owners
    ]
    rows = ordered(rows, call.params.get("order"), dict.fromkeys(("ID", "CREATED", "AUTHOR_ID"), "integer"))
    select = [name for name in call.params.get("select") or _COMMENT if name in _COMMENT] or list(_COMMENT)
    shown = [_comment_row(call, row["row"], owner) for row in rows[max(call.start, 0) : max(call.start, 0) + PAGE_SIZE]]
    shown = [{name: row[name] for name in select} for row in shown]
    return listed(shown, len(rows) if call.start >= 0 else None, call.start)


def _comment_row(call: Call, row: Comment, owner: Owner) -> Record:
    made: Record = {"ID": str(row.id), "ENTITY_ID": str(owner[1]), "ENTITY_TYPE": str(owner[0])}
    made |= {"CREATED": iso(row.created), "COMMENT": row.text, "AUTHOR_ID": str(row.author)}
    return made | {"FILES": {str(number): _file(call, row, number) for number in range(1, len(row.files) + 1)}}


def _file(call: Call, row: Comment, number: int) -> Record:
    one, disk = row.files[number - 1], f"{call.portal.url}/disk"
    author, shown = call.portal.users.get(row.author), f"showFile/{row.id}{number}/?filename={one.name}"
    made: Record = {"id": number, "date": iso(row.created), "type": "image" if one.picture else "file"}
    made |= {"name": one.name, "size": one.size, "authorId": row.author}
    if one.picture:
        made |= {"image": dict(zip(("width", "height"), one.picture, strict=True))}
    made |= {"authorName": author.full_name if author else "", "urlPreview": f"{disk}/{shown}&width=640&height=640"}
    return made | {"urlShow": f"{disk}/{shown}", "urlDownload": f"{disk}/{shown.replace('show', 'download')}"}
