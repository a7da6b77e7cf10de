"""Its HTTP door: one session and one transaction per request."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from bench.naive.config import Config, sessions_of
from bench.naive.models import Application, Base, OutboxMessage, Report

SUBMITTED, REPORTED = "application_submitted", "activity_recorded"


class NewApplication(BaseModel):
    """An application with an id that the client has chosen, so that it is safe to repeat."""

    application_id: UUID


class NewReport(BaseModel):
    """What an agency did."""

    report_id: UUID
    activity: str


class Taken(BaseModel):
    """The application as it is now."""

    application_id: UUID
    version: int


async def session_of(request: Request) -> AsyncIterator[AsyncSession]:
    """A session for one request."""
    async with request.app.state.sessions() as session:
        yield session


Session = Annotated[AsyncSession, Depends(session_of)]


def new_app(config: Config) -> FastAPI:
    """The application; it makes its tables when it starts."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        engine = config.engine()
        await create_tables(engine)
        app.state.sessions = sessions_of(engine)
        yield
        await engine.dispose()

    app = FastAPI(lifespan=lifespan)
    app.get("/health")(_healthy)
    app.post("/applications", status_code=201)(submit)
    app.post("/applications/{application_id}/reports", status_code=201)(report)
    return app


async def create_tables(engine: AsyncEngine) -> None:
    """Make what is missing."""
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)


async def submit(form: NewApplication, session: Session) -> Taken:
    """Take an application in, once."""
    application = await session.get(Application, form.application_id)
    if application is None:
        application = Application(id=form.application_id, version=1, state="running")
        session.add(application)
        session.add(_message(application, SUBMITTED, {"state": application.state}))
        await session.commit()
    return Taken(application_id=application.id, version=application.version)


async def report(application_id: UUID, form: NewReport, session: Session) -> Taken:
    """Take a report in, once. The lock keeps the reports of one application in an order."""
    application = await session.get(Application, application_id, with_for_update=True)
    if application is None:
        raise HTTPException(404)
    if await session.get(Report, form.report_id) is None:
        application.version += 1
        session.add(
            Report(id=form.report_id, application_id=application_id, activity=form.activity)
        )
        data = {"report_id": str(form.report_id), "activity": form.activity}
        session.add(_message(application, REPORTED, data))
        await session.commit()
    return Taken(application_id=application.id, version=application.version)


def _message(application: Application, type: str, data: dict[str, Any]) -> OutboxMessage:
    return OutboxMessage(
        event_id=uuid4(),
        application_id=application.id,
        version=application.version,
        type=type,
        data=data,
    )


async def _healthy() -> dict[str, str]:
    return {"status": "ok"}
