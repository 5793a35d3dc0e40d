"""The read-only API. A token sees what its owner sees; reading here is no access; errors are problem documents."""

from __future__ import annotations

import hashlib
from typing import Any, cast

from flask import Blueprint, Response, g, jsonify, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.community import queries as community
from app.community import rules
from app.community.models import Thread
from app.core.database import count_rows
from app.core.errors import Invalid, KhlangError, NotFound
from app.core.thai import parse_date
from app.core.web import config, db, part, today
from app.indicators import queries as indicators
from app.indicators.evidence_lists import evidence_page
from app.indicators.few_readers import hidden_departments, told
from app.indicators.models import Reading, Scope
from app.indicators.scopes import scope_for
from app.knowledge import queries as knowledge
from app.knowledge.models import Article, Category
from app.people.current import viewer
from app.people.models import ApiToken, Staff
from app.search.query import Search, Window
from app.training.models import Training

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")
MAX_LIMIT = 500


class NoToken(KhlangError):
    """The request carries no valid token."""

    status = 401
    title = "ต้องมี API token ที่ใช้ได้"


def owner_of_token(session: Session, header: str) -> Staff | None:
    """Person behind an Authorization header, or None."""
    kind, _, token = header.partition(" ")
    if kind.lower() != "bearer" or not token:
        return None
    digest = hashlib.sha256(token.strip().encode()).hexdigest()
    query = (
        select(Staff)
        .join(ApiToken, ApiToken.staff_id == Staff.id)
        .where(ApiToken.token_sha256 == digest, ApiToken.revoked_at.is_(None), Staff.active)
    )
    return session.scalar(query)


def problem(status: int, title: str, detail: str = "") -> Response:
    """RFC 9457 problem document."""
    response = jsonify(type="about:blank", title=title, status=status, detail=detail or title)
    response.status_code = status
    response.content_type = "application/problem+json"
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


@blueprint.before_request
def _need_token() -> None:
    if request.endpoint != "api.openapi" and not g.get("by_token"):
        raise NoToken


def _window() -> tuple[int, int]:
    numbers = []
    for name, default, low, high in (("offset", 0, 0, 10_000_000), ("limit", 50, 0, MAX_LIMIT)):
        text = request.args.get(name, str(default))
        if not (text.isascii() and text.isdigit() and len(text) < 9):
            raise Invalid({name: f"{name} ต้องเป็นจำนวนเต็มไม่ติดลบ"})
        numbers.append(min(max(int(text), low), high))
    return numbers[0], numbers[1]


def reading_as_json(reading: Reading) -> dict[str, Any]:
    """One row of the plan. Names are a public contract."""
    row = reading.row
    return {
        "row": row.row, "process": row.process, "step": row.step, "name": row.name, "indicator": row.indicator,
        "target": row.target, "unit": row.unit, "value": reading.value, "numerator": reading.numerator,
        "denominator": reading.denominator, "state": reading.state.value, "evidence_count": reading.lines,
        "measure": row.measure,
    }  # fmt: skip


def plan_as_json(reading: indicators.PlanReading) -> dict[str, Any]:
    """A whole plan."""
    return {
        "year": reading.be_year, "as_of": reading.as_of.isoformat(), "rule_version": reading.rule,
        "rows": [reading_as_json(one) for one in reading.readings],
    }  # fmt: skip


@blueprint.get("/search")
def search() -> Response:
    """Search as the token's owner."""
    offset, limit = _window()
    found = cast(Search, part("search")).find(
        db(), request.args.get("q", ""), viewer(), Window(offset, limit, chosen={"kind": request.args.get("kind", "")})
    )
    results = [
        {
            "kind": hit.kind, "code": hit.code, "title": "".join(text for text, _ in hit.title), "url": hit.url,
            "snippet": "".join(text for text, _ in hit.snippet), "score": hit.score,
        }
        for hit in found.hits
    ]  # fmt: skip
    return jsonify(query=found.query, total=found.total, results=results)


def _articles(condition: Any) -> Any:
    return (
        select(Article, Staff.code, Category.name)
        .join(Staff, Staff.id == Article.author_id)
        .outerjoin(Category, Category.id == Article.category_id)
        .where(knowledge.readable(viewer()), condition)
    )


def _article(article: Article, author: str, category: str | None) -> dict[str, Any]:
    published = article.first_published_on
    return {
        "code": article.code, "title": article.title, "author": author, "category": category, "state": article.state,
        "visibility": article.visibility, "first_published_on": published.isoformat() if published else None,
        "url": f"/articles/{article.code}",
    }  # fmt: skip


@blueprint.get("/articles")
def articles() -> Response:
    """Articles the owner may read, newest first."""
    offset, limit = _window()
    query = _articles(Article.id > 0).order_by(Article.first_published_on.desc(), Article.id.desc())
    total = count_rows(db(), query)
    rows = db().execute(query.offset(offset).limit(limit))
    return jsonify(total=total, items=[_article(*row) for row in rows])


@blueprint.get("/articles/<code>")
def article(code: str) -> Response:
    """One article with its Markdown."""
    found = knowledge.article_to_read(db(), viewer(), code)
    page = knowledge.article_page(db(), found)
    shown = _article(found, page.author.code, page.category or None)
    return jsonify(**shown, tags=page.tags, body=page.revision.body, html=page.revision.html)


@blueprint.get("/groups")
def groups() -> Response:
    """Groups the owner may know of."""
    names = ("code", "name", "purpose", "visibility", "members", "threads")
    return jsonify(items=[{n: getattr(card, n) for n in names} for card in community.groups(db(), viewer())])


@blueprint.get("/groups/<code>/threads")
def threads(code: str) -> Response:
    """Threads of a group the owner may read."""
    offset, limit = _window()
    group = community.group_to_see(db(), viewer(), code)
    if not rules.can_read_threads(viewer(), group):
        raise NotFound("ไม่พบกลุ่มนี้")
    query = (
        select(Thread, Staff.code)
        .join(Staff, Staff.id == Thread.author_id)
        .where(Thread.group_id == group.id, Thread.merged_into_id.is_(None))
        .order_by(Thread.last_at.desc(), Thread.id.desc())
        .offset(offset)
        .limit(limit)
    )
    items = [
        {
            "code": t.code,
            "title": t.title,
            "author": "" if t.hides_asker else author,
            "at": t.at.isoformat(),
            "url": f"/threads/{t.code}",
        }
        for t, author in db().execute(query)
    ]
    return jsonify(items=items)


@blueprint.get("/trainings")
def trainings() -> Response:
    """The training register, newest first."""
    offset, limit = _window()
    query = select(Training).order_by(Training.end_on.desc(), Training.id.desc())
    items = [
        {
            "code": t.code, "title": t.title, "kind": t.kind, "organizer": t.organizer, "place": t.place,
            "start": t.start_on.isoformat(), "end": t.end_on.isoformat(), "hours": t.hours, "inside": t.inside,
            "order_no": t.order_no,
        }
        for t in db().scalars(query.offset(offset).limit(limit))
    ]  # fmt: skip
    return jsonify(total=count_rows(db(), query), items=items)


def _scope(be_year: int) -> Scope:
    as_of = request.args.get("as_of", "")
    day = parse_date(as_of)
    if as_of and day is None:
        raise Invalid({"as_of": "as_of ต้องเป็นวันที่ เช่น 2015-09-30"})
    department = indicators.department_named(db(), request.args.get("department"))
    return scope_for(db(), config(), be_year, today(), day, department.id if department else None)


@blueprint.get("/indicators/<int:be_year>")
def rows(be_year: int) -> Response:
    """Every row of a year."""
    scope = _scope(be_year)
    return jsonify(
        plan_as_json(told(indicators.read_plan(db(), scope), scope, hidden_departments(db(), scope, viewer())))
    )


@blueprint.get("/indicators/<int:be_year>/<row>/evidence")
def evidence(be_year: int, row: str) -> Response:
    """Evidence of a row: counted lines first, then the excluded with reasons."""
    offset, limit = _window()
    found = evidence_page(db(), _scope(be_year), row, viewer(), offset=offset, limit=limit)
    items = [
        {
            "key": line.key, "reference": line.reference, "on": line.on.isoformat(), "title": line.title,
            "person": line.person, "department": line.department, "channel": line.channel_code, "counted": line.counted,
            "reason": line.reason_code or None,
        }
        for line in found.items
    ]  # fmt: skip
    return jsonify(total=found.total, items=items)


_PATHS: dict[str, tuple[str, tuple[str, ...]]] = {
    "/api/v1/search": ("Search all that you may read", ("q", "limit", "offset", "kind")),
    "/api/v1/articles": ("Articles", ("limit", "offset")),
    "/api/v1/articles/{code}": ("One article", ()),
    "/api/v1/groups": ("Groups", ()),
    "/api/v1/groups/{code}/threads": ("Threads of a group", ("limit", "offset")),
    "/api/v1/trainings": ("Training register", ("limit", "offset")),
    "/api/v1/indicators/{be_year}": ("Rows of a plan", ("as_of", "department")),
    "/api/v1/indicators/{be_year}/{row}/evidence": (
        "Evidence of a row", ("limit", "offset", "as_of", "department")
    ),
}  # fmt: skip


def _parameter(name: str, where: str) -> dict[str, Any]:
    numeric = name in ("limit", "offset", "be_year")
    schema = {"type": "integer", "minimum": 0} if numeric else {"type": "string"}
    return {"name": name, "in": where, "required": where == "path", "schema": schema}


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """Description of this API."""
    paths = {}
    for path, (summary, names) in _PATHS.items():
        in_path = [piece[1:-1] for piece in path.split("/") if piece.startswith("{")]
        parameters = [_parameter(n, "path") for n in in_path] + [_parameter(n, "query") for n in names]
        problem_body = {"description": "Problem", "content": {"application/problem+json": {}}}
        answers = {"200": {"description": "OK", "content": {"application/json": {}}}}
        answers |= dict.fromkeys(("400", "401", "404"), problem_body)
        paths[path] = {"get": {"summary": summary, "parameters": parameters, "responses": answers}}
    return jsonify(
        openapi="3.1.0",
        info={"title": "Khlang", "version": "1"},
        security=[{"token": []}],
        components={"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        paths=paths,
    )
