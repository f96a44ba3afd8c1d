import os
import sys
import threading
import time

import psycopg
from celery import current_app
from django.conf import settings
from django.core.management.base import BaseCommand

# Any number will do as long as nothing else in this database uses it.
LOCK = 7_143_301


class Command(BaseCommand):
    help = "Run the scheduler. Exactly one schedules: a second one waits as a stand-by until the first is gone."

    def handle(self, **options: object) -> None:
        connection = self._acquire()
        self.stdout.write("Scheduler: this one schedules.")
        self.stdout.flush()
        threading.Thread(target=self._watch, args=(connection,), daemon=True).start()
        current_app.Beat(loglevel="INFO", redirect_stdouts=False, quiet=True).run()

    def _acquire(self) -> psycopg.Connection:
        """A connection of its own that holds the lock, however long that takes and however often PostgreSQL goes."""
        told = False
        connection: psycopg.Connection | None = None
        while True:
            try:
                connection = connection or psycopg.connect(settings.DATABASE_URL, connect_timeout=5, autocommit=True)
                if connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone() == (True,):
                    return connection
                if not told:
                    self.stdout.write("Scheduler: another one schedules; this one stands by.")
                    self.stdout.flush()
                    told = True
            except psycopg.Error as error:
                self.stderr.write(f"Scheduler: PostgreSQL is away ({str(error).strip()}); trying again.")
                self.stderr.flush()
                connection = None
            time.sleep(5)

    def _watch(self, connection: psycopg.Connection) -> None:
        """When the connection is gone so is the lock: stop before somebody else starts, and queue up again."""
        while True:
            time.sleep(5)
            try:
                connection.execute("SELECT 1")
            except psycopg.Error:
                self.stderr.write("Scheduler: lost the database and with it the lock; beginning again.")
                self.stderr.flush()
                # Over, from the top, in the same process: nobody has to be there to start it again.
                os.execv(sys.executable, [sys.executable, *sys.argv])  # noqa: S606
