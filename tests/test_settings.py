import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from api.settings import SettingRefused, Settings

KEY = "0123456789abcdef0123456789abcdef"
PRODUCTION = {"HOMEROOM_SECRET_KEY": KEY, "HOMEROOM_PUBLIC_URL": "https://homeroom.example.edu"}


def development(tmp_path, **variables):
    environ = {"HOMEROOM_ENV": "development", "HOMEROOM_DATA_DIR": str(tmp_path), **variables}
    return Settings.from_environment(environ)


def test_an_empty_environment_means_production_and_is_refused_with_what_to_do():
    with pytest.raises(SettingRefused, match=r"^HOMEROOM_PUBLIC_URL: .*write the address"):
        Settings.from_environment({})


def test_production_without_a_secret_key_is_refused_with_how_to_make_one():
    with pytest.raises(SettingRefused, match=r"^HOMEROOM_SECRET_KEY: .*openssl rand"):
        Settings.from_environment({"HOMEROOM_PUBLIC_URL": "https://homeroom.example.edu"})


def test_production_closes_sign_up_unless_it_is_opened():
    closed = Settings.from_environment(PRODUCTION)
    opened = Settings.from_environment({**PRODUCTION, "HOMEROOM_OPEN_SIGNUP": "on"})

    assert (closed.env, closed.open_signup, opened.open_signup) == ("production", False, True)


def test_the_defaults_are_those_of_the_documentation():
    settings = Settings.from_environment(PRODUCTION)

    assert settings.database_url == "sqlite:///var/homeroom.sqlite3"
    assert (settings.redis_url, settings.broker_url, settings.metrics_token) == (None, None, None)
    assert settings.cors_origins == ()
    assert (settings.rate_limit, settings.registration_rate_limit) == ("600/minute", "120/minute")
    assert (settings.workers, settings.threads, settings.trusted_proxies) == (1, 8, 0)
    assert (settings.sweeper, settings.jobs) == (True, True)
    assert (settings.log, settings.pooler) == ("json", "none")
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)


def test_every_variable_reaches_its_field():
    settings = Settings.from_environment(
        {
            **PRODUCTION,
            "HOMEROOM_DATA_DIR": "/srv/homeroom",
            "HOMEROOM_REDIS_URL": "redis://cache:6379/2",
            "HOMEROOM_BROKER_URL": "redis://cache:6379/3",
            "HOMEROOM_PUBLIC_URL": "https://example.edu/homeroom/",
            "HOMEROOM_RATE_LIMIT": "off",
            "HOMEROOM_REGISTRATION_RATE_LIMIT": "5/second",
            "HOMEROOM_WORKERS": "4",
            "HOMEROOM_THREADS": "3",
            "HOMEROOM_TRUSTED_PROXIES": "2",
            "HOMEROOM_CORS_ORIGINS": "https://school.example, http://localhost:3000",
            "HOMEROOM_METRICS_TOKEN": "scrape",
            "HOMEROOM_SWEEPER": "off",
            "HOMEROOM_JOBS": "off",
            "HOMEROOM_LOG": "text",
            "HOMEROOM_POOLER": "transaction",
            "HOST": "::1",
            "PORT": "0",
        }
    )

    assert settings.database_url == "sqlite:////srv/homeroom/homeroom.sqlite3"
    assert settings.redis_url == "redis://cache:6379/2"
    assert settings.broker_url == "redis://cache:6379/3"
    assert settings.public_url == "https://example.edu/homeroom"
    assert (settings.rate_limit, settings.registration_rate_limit) == (None, "5/second")
    assert (settings.workers, settings.threads, settings.trusted_proxies) == (4, 3, 2)
    assert settings.cors_origins == ("https://school.example", "http://localhost:3000")
    assert settings.metrics_token == "scrape"
    assert (settings.sweeper, settings.jobs) == (False, False)
    assert (settings.log, settings.pooler) == ("text", "transaction")
    assert (settings.host, settings.port) == ("::1", 0)


@pytest.mark.parametrize(
    "scheme", ["postgres", "postgresql", "postgresql+psycopg"], ids="{}://".format
)
def test_a_postgresql_url_names_the_driver_that_is_installed(scheme):
    url = f"{scheme}://ann:pw@db:5432/homeroom?sslmode=require"

    settings = Settings.from_environment({**PRODUCTION, "HOMEROOM_DATABASE_URL": url})

    expected = "postgresql+psycopg://ann:pw@db:5432/homeroom?sslmode=require"
    assert settings.database_url == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HOMEROOM_ENV", "staging"),
        ("HOMEROOM_DATABASE_URL", "mysql://db/homeroom"),
        ("HOMEROOM_DATABASE_URL", "homeroom.sqlite3"),
        ("HOMEROOM_DATABASE_URL", "sqlite://"),
        ("HOMEROOM_DATABASE_URL", "sqlite:///:memory:"),
        ("HOMEROOM_REDIS_URL", "cache:6379"),
        ("HOMEROOM_BROKER_URL", "amqp://broker"),
        ("HOMEROOM_PUBLIC_URL", "homeroom.example.edu"),
        ("HOMEROOM_PUBLIC_URL", "https://example.edu/?a=b"),
        ("HOMEROOM_SECRET_KEY", "short"),
        ("HOMEROOM_OPEN_SIGNUP", "yes"),
        ("HOMEROOM_RATE_LIMIT", "600"),
        ("HOMEROOM_RATE_LIMIT", "0/minute"),
        ("HOMEROOM_REGISTRATION_RATE_LIMIT", "10/week"),
        ("HOMEROOM_WORKERS", "0"),
        ("HOMEROOM_THREADS", "٣"),
        ("HOMEROOM_TRUSTED_PROXIES", "-1"),
        ("HOMEROOM_SWEEPER", "1"),
        ("HOMEROOM_JOBS", "true"),
        ("HOMEROOM_LOG", "xml"),
        ("HOMEROOM_POOLER", "session"),
        ("PORT", "65536"),
        ("PORT", "9" * 5000),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_the_name_of_its_variable(name, value):
    with pytest.raises(SettingRefused) as refused:
        Settings.from_environment({**PRODUCTION, name: value})

    assert refused.value.name == name
    assert str(refused.value).startswith(f"{name}: ")


def test_a_refused_database_url_does_not_show_its_password():
    url = "mysql://ann:hunter2@db/homeroom"

    with pytest.raises(SettingRefused) as refused:
        Settings.from_environment({**PRODUCTION, "HOMEROOM_DATABASE_URL": url})

    assert "hunter2" not in str(refused.value)


def test_secrets_are_left_out_of_the_repr():
    settings = Settings.from_environment(
        {
            **PRODUCTION,
            "HOMEROOM_DATABASE_URL": "postgresql://ann:hunter2@db/homeroom",
            "HOMEROOM_REDIS_URL": "redis://:hunter2@cache",
            "HOMEROOM_METRICS_TOKEN": "hunter2",
        }
    )

    assert "hunter2" not in repr(settings)
    assert KEY not in repr(settings)


def test_an_empty_variable_counts_as_not_set():
    settings = Settings.from_environment({**PRODUCTION, "HOMEROOM_THREADS": " ", "PORT": ""})

    assert (settings.threads, settings.port) == (8, 8000)


def test_development_makes_a_key_once_and_keeps_it_from_other_users(tmp_path):
    first = development(tmp_path / "data")
    second = development(tmp_path / "data")

    kept = tmp_path / "data" / "secret_key"
    assert first.secret_key == second.secret_key == kept.read_text()
    assert len(first.secret_key) >= 32
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert list((tmp_path / "data").iterdir()) == [kept]


def test_processes_that_start_together_agree_on_the_key(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: development(tmp_path).secret_key, range(32)))

    assert len(keys) == 1


def test_a_key_from_the_environment_leaves_the_data_directory_alone(tmp_path):
    settings = development(tmp_path, HOMEROOM_SECRET_KEY=KEY)

    assert settings.secret_key == KEY
    assert not list(tmp_path.iterdir())


def test_a_data_directory_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(SettingRefused, match="^HOMEROOM_DATA_DIR: "):
        development(tmp_path / "file")


def test_development_opens_sign_up_unless_it_is_closed(tmp_path):
    assert development(tmp_path).open_signup
    assert not development(tmp_path, HOMEROOM_OPEN_SIGNUP="off").open_signup


@pytest.mark.parametrize("given", ["school.example", "https://school.example/", "https://a b,*x"])
def test_an_origin_is_a_scheme_and_a_host(given):
    with pytest.raises(SettingRefused, match="^HOMEROOM_CORS_ORIGINS: .*or "):
        Settings.from_environment({**PRODUCTION, "HOMEROOM_CORS_ORIGINS": given})


def test_any_origin_may_be_allowed():
    settings = Settings.from_environment({**PRODUCTION, "HOMEROOM_CORS_ORIGINS": "*"})

    assert settings.cors_origins == ("*",)
