"""The least that takes a callback: FastAPI checks Twilio's signature, and SQLAlchemy's ORM inserts one row.

    BASELINE_DATABASE=postgresql://… python one_row.py PORT

It knows no message that it was told of, and finds no repetition.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qsl

import uvicorn
from fastapi import FastAPI, HTTPException, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from twilio.request_validator import RequestValidator

sys.path.insert(0, str(Path(__file__).parents[1]))
from callbacks import HOST, TWILIO_TOKEN

engine = create_async_engine(
    os.environ["BASELINE_DATABASE"].replace("postgresql:", "postgresql+asyncpg:", 1), pool_size=8
)
validator = RequestValidator(TWILIO_TOKEN)


class Row(DeclarativeBase):
    pass


class Callback(Row):
    __tablename__ = "one_row_callback"
    id: Mapped[int] = mapped_column(primary_key=True)
    delivery: Mapped[str]
    message: Mapped[str]
    status: Mapped[str]


@asynccontextmanager
async def _prepared(_: FastAPI) -> AsyncGenerator[None]:
    async with engine.begin() as connection:
        await connection.run_sync(Row.metadata.create_all)
    yield
    await engine.dispose()


app = FastAPI(lifespan=_prepared)


@app.post("/receipts/twilio", status_code=204)
async def take(request: Request, delivery: str) -> Response:
    fields = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
    url = f"https://{HOST}{request.url.path}?{request.url.query}"
    given = request.headers.get("x-twilio-signature", "")
    if not await asyncio.to_thread(validator.validate, url, fields, given):
        raise HTTPException(403)
    async with AsyncSession(engine) as session:
        session.add(Callback(delivery=delivery, message=fields["MessageSid"], status=fields["MessageStatus"]))
        await session.commit()
    return Response(status_code=204)


@app.get("/healthz")
async def alive() -> Response:
    return Response()


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=False, log_level="warning")
