"""`homeroom work`: does jobs in a process that serves nobody, for ever or until none waits."""

import signal

import click
import orjson

from api.cli.installation.opening import installation

ENDINGS = (signal.SIGINT, signal.SIGTERM)


@click.command()
@click.option("--once", is_flag=True, help="End when no job waits, and say how many were taken.")
@click.option("--json", "as_json", is_flag=True, help="Of --once: print one JSON object.")
def work(*, once: bool, as_json: bool) -> None:
    """Do jobs, such as exports, until SIGTERM or SIGINT; the job at hand is given back then."""
    if as_json and not once:
        raise click.UsageError("--json is for --once: else there is nothing to say")
    if not once:
        _until_told()
        return
    done = _until_none_waits()
    click.echo(orjson.dumps({"jobs": done}).decode() if as_json else f"jobs taken: {done}")


def _until_told() -> None:
    from api import logs
    from api.jobs.worker import Worker

    # Before there is another thread, which would take them; a handler could stop nothing safely.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDINGS)
    try:
        with installation() as here:
            logs.configure(here.settings.log)
            worker = Worker(here.database)
            worker.start()
            signal.sigwait(ENDINGS)
            worker.stop()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _until_none_waits() -> int:
    from api.jobs.worker import Worker

    with installation() as here:
        worker = Worker(here.database)
        before = {ending: signal.signal(ending, lambda *_: worker.stop()) for ending in ENDINGS}
        try:
            return worker.all_waiting()
        finally:
            for ending, handler in before.items():
                signal.signal(ending, handler)
