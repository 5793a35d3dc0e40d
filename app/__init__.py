"""Khlang: a municipality's knowledge base whose yearly KM Action Plan counts itself. `create_app` is the only wiring."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

from flask import Flask, Response, flash, g, redirect, render_template, request, url_for
from flask_login import LoginManager
from flask_wtf.csrf import CSRFError, CSRFProtect
from jinja2 import StrictUndefined
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from app import digest, home
from app.activity.models import CHANNELS
from app.community import meeting_queries, routes_care, routes_door, routes_meetings, routes_people, routes_talk
from app.community import queries as community
from app.community import routes as community_routes
from app.core.config import ROOT, Config, load_config
from app.core.errors import KhlangError, NotFound, TooLarge
from app.core.fiscal_year import be_fiscal_year
from app.core.thai import BANGKOK, thai_date
from app.core.web import add_security_headers
from app.exchange import api
from app.exchange import routes as exchange_routes
from app.indicators import plans, routes_goals, routes_planning, routes_records, routes_year
from app.indicators import routes as indicators_routes
from app.knowledge import queries as knowledge
from app.knowledge import routes as knowledge_routes
from app.knowledge import routes_life, routes_out, routes_review, routes_sharing, routes_writing, sharing
from app.knowledge.models import VISIBILITIES
from app.knowledge.related import Related
from app.network import routes as network_routes
from app.notifications import routes as notifications_routes
from app.office import Office
from app.people import routes as people_routes
from app.people.current import SignInFirst
from app.people.models import ROLE_NAMES, VISITOR, Staff, Viewer
from app.people.rules import short_name
from app.search import routes as search_routes
from app.training import routes as training_routes
from app.viewing import load_viewer

__version__ = "0.1.0"

WITHOUT_PASSWORD_CHANGE = {"people.change_password", "people.sign_out", "static", "home.font", "home.healthz"}


def create_app(config: Config | None = None, office: Office | None = None) -> Flask:
    """The web application. The background worker is not started here but by the server."""
    config = config or load_config()
    office = office or Office(config)
    app = Flask(__name__, template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "app" / "static"))
    app.config.update(
        SECRET_KEY=office.secret_key(),
        MAX_CONTENT_LENGTH=config.max_upload_bytes + 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=4 * 1024 * 1024,
        SESSION_COOKIE_NAME="khlang",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=config.secure_cookies,
        PERMANENT_SESSION_LIFETIME=timedelta(days=14),
        SEND_FILE_MAX_AGE_DEFAULT=31_536_000,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
    )
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    if config.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=config.trusted_proxies, x_proto=1)  # type: ignore[method-assign]
    _keep_parts(app, office)
    _open_sessions(app, office)
    CSRFProtect(app)
    _add_sign_in(app)
    _add_template_words(app, office)
    for blueprint in (
        home.blueprint, digest.blueprint, people_routes.blueprint, search_routes.blueprint, training_routes.blueprint,
        routes_writing.blueprint, routes_life.blueprint, routes_out.blueprint, routes_review.blueprint, routes_sharing.blueprint,
        knowledge_routes.blueprint, community_routes.blueprint, routes_talk.blueprint, routes_meetings.blueprint, routes_door.blueprint, routes_care.blueprint, routes_people.blueprint,
        network_routes.blueprint, notifications_routes.blueprint,
        indicators_routes.blueprint, routes_planning.blueprint, routes_records.blueprint, routes_goals.blueprint, routes_year.blueprint, exchange_routes.blueprint, api.blueprint,
    ):  # fmt: skip
        app.register_blueprint(blueprint)
    _add_error_pages(app)
    app.after_request(add_security_headers)
    return app


def _keep_parts(app: Flask, office: Office) -> None:
    related = Related(office.search)
    parts: dict[str, Any] = {
        "related": related, "group_members": community.members_ids, "members_of_groups": community.members_of_groups,
        "settled_obligations": lambda: [*knowledge.written_after_trainings(), meeting_queries.presented_trainings()],
        "config": office.config, "clock": office.clock, "search": office.search, "recorder": office.recorder,
        "worker": office.worker, "files": office.files, "signer": office.signer,
        "own_groups": lambda db, viewer: community.groups(db, viewer, mine=True),
        "articles_of_training": knowledge.articles_of_training, "plan_goals": plans.goals_of,
        "shared_with_group": sharing.shared_with_group,
    }  # fmt: skip
    app.extensions.update({"khlang." + name: value for name, value in parts.items()})


class _DeskOfRequest:
    """Stands for the desk until a route asks for it: most pages never write."""

    def __init__(self, office: Office) -> None:
        self.office = office

    def __getattr__(self, name: str) -> Any:
        if "desk" not in g:
            g.desk = self.office.desk(g.db)
        return getattr(g.desk, name)


def _open_sessions(app: Flask, office: Office) -> None:
    app.extensions["khlang.desk"] = _DeskOfRequest(office)

    @app.before_request
    def _begin() -> Response | None:
        g.db = office.session()
        g.viewer = VISITOR
        if any("\x00" in value for value in (request.path, *request.args.values(), *request.form.values())):
            raise NotFound("ที่อยู่หรือข้อความมีอักขระที่ใช้ไม่ได้")
        return None

    @app.teardown_request
    def _end(_error: BaseException | None) -> None:
        session = g.pop("db", None)
        if session is not None:
            session.close()


def _add_sign_in(app: Flask) -> None:
    manager = LoginManager(app)
    manager.session_protection = None

    @manager.user_loader  # type: ignore[untyped-decorator]
    def _load(cookie: str) -> people_routes.SignedIn | None:
        number, _, epoch = cookie.partition(".")
        staff = g.db.get(Staff, int(number)) if number.isdigit() else None
        if staff is None or not staff.active or str(staff.session_epoch) != epoch:
            return None
        g.staff = staff
        return people_routes.SignedIn(staff.id, staff.session_epoch)

    @app.before_request
    def _recognise() -> Any:
        if request.endpoint in ("static", "home.font", "home.healthz"):
            return None
        today = app.extensions["khlang.clock"].today()
        if request.blueprint == "api":
            owner = api.owner_of_token(g.db, request.headers.get("Authorization", ""))
            g.by_token = owner is not None
            g.viewer = load_viewer(g.db, owner, today) if owner else VISITOR
            return None
        if manager._load_user() is None and "staff" in g:
            g.viewer = load_viewer(g.db, g.staff, today)
            if g.viewer.must_change_password and request.endpoint not in WITHOUT_PASSWORD_CHANGE:
                flash("โปรดตั้งรหัสผ่านของท่านเองก่อนใช้งาน")
                return redirect(url_for("people.change_password"))
        return None


def _add_template_words(app: Flask, office: Office) -> None:
    static = ROOT / "app" / "static"
    versions = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:10] for path in static.iterdir() if path.is_file()
    }

    def asset(name: str) -> str:
        return url_for("static", filename=name, v=versions[name])

    app.jinja_env.filters.update(
        day=lambda value: thai_date(value) if value else "–",
        long_day=lambda value: thai_date(value, long=True) if value else "–",
        moment=lambda value: f"{thai_date(value.astimezone(BANGKOK).date())} {value.astimezone(BANGKOK):%H:%M} น.",
        hour=lambda value: f"{value.astimezone(BANGKOK):%H:%M} น.",
        person=short_name,
        number=lambda value: f"{value:,}",
    )
    app.jinja_env.globals.update(
        asset=asset, office_name=office.config.office_name, role_names=ROLE_NAMES, visibility_names=VISIBILITIES,
        channel_names=CHANNELS,
    )  # fmt: skip

    @app.context_processor
    def _page() -> dict[str, Any]:
        viewer: Viewer = g.get("viewer", VISITOR)
        return {"viewer": viewer, "be_year": be_fiscal_year(office.clock.today())}


def _add_error_pages(app: Flask) -> None:
    def page(status: int, title: str, message: str) -> Any:
        if request.path.startswith("/api/"):
            return api.problem(status, title, message)
        g.setdefault("viewer", VISITOR)
        return render_template("errors/error.html", status=status, title=title, message=message), status

    @app.errorhandler(KhlangError)
    def _own(error: KhlangError) -> Any:
        if isinstance(error, SignInFirst) and request.method == "GET":
            return redirect(url_for("people.sign_in", next=request.full_path.rstrip("?")))
        return page(error.status, error.title, error.message)

    @app.errorhandler(CSRFError)
    def _csrf(_error: CSRFError) -> Any:
        return page(400, "หน้านี้เปิดไว้นานเกินไป", "เพื่อความปลอดภัย โปรดย้อนกลับ โหลดหน้าใหม่ แล้วส่งอีกครั้ง")

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> Any:
        if error.code is None or error.code < 400:
            return error
        words = {
            404: ("ไม่พบหน้าที่ต้องการ", "ที่อยู่อาจพิมพ์ผิด หรือหน้านี้ถูกย้ายไปแล้ว ลองค้นหาจากช่องค้นหาด้านบน"),
            405: ("ทำรายการนี้ด้วยวิธีนี้ไม่ได้", "โปรดกลับไปที่หน้าเดิมแล้วใช้ปุ่มในหน้านั้น"),
            413: (TooLarge.title, "ไฟล์หรือข้อความใหญ่เกินกำหนด โปรดลดขนาดแล้วลองใหม่"),
        }
        title, message = words.get(error.code, ("คำขอนี้ไม่ถูกต้อง", "โปรดกลับไปที่หน้าเดิมแล้วลองอีกครั้ง"))
        return page(error.code, title, message)

    @app.errorhandler(500)
    def _broken(_error: Exception) -> Any:
        return page(500, "ระบบขัดข้อง", "ข้อมูลที่บันทึกไว้แล้วไม่หาย โปรดลองอีกครั้ง ถ้ายังพบอยู่ให้แจ้งผู้ดูแลระบบ")
