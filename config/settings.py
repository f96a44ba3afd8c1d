"""Every setting of the portal, read from the environment once and checked when it starts.

The defaults are those of production. ``TIDEGATE_ENV=local`` (what ``make run`` sets) changes only
what a laptop needs: mail goes to files and cookies travel over plain HTTP.
"""

from pathlib import Path

import dj_database_url
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from environs import validate

from config.env import Env

BASE_DIR = Path(__file__).resolve().parent.parent
env = Env(strip_whitespace=True)

# --- the deployment -------------------------------------------------------------------------------
ENVIRONMENT = env.read(env.str, "TIDEGATE_ENV", "production")
if ENVIRONMENT not in {"production", "local"}:
    raise ImproperlyConfigured(f"TIDEGATE_ENV must be 'production' or 'local', not {ENVIRONMENT!r}.")
LOCAL = ENVIRONMENT == "local"
DEBUG = env.read(env.bool, "DEBUG", False)
SECRET_KEY = env.read(env.str, "SECRET_KEY")
if len(SECRET_KEY) < 50:
    raise ImproperlyConfigured("SECRET_KEY must have at least 50 characters.")
SECRET_KEY_FALLBACKS = env.read(env.list, "SECRET_KEY_FALLBACKS", [])
BASE_URL = env.require_url("BASE_URL", "http://127.0.0.1:8000" if LOCAL else None)
ALLOWED_HOSTS = env.read(
    env.list, "ALLOWED_HOSTS", ["127.0.0.1", "localhost"] if LOCAL else None, validate=validate.Length(1)
)
ALLOWED_HOSTS = [host.strip() for host in ALLOWED_HOSTS]
if "*" in ALLOWED_HOSTS and not LOCAL:
    raise ImproperlyConfigured("ALLOWED_HOSTS must name the hosts the portal answers to; '*' would be any.")
CSRF_TRUSTED_ORIGINS = [BASE_URL]
DATA_DIR = env.directory("DATA_DIR", str(BASE_DIR / "var"))
# Assets and static files are made at install time; an image carries them outside the data volume.
STATIC_DIR = env.directory("STATIC_DIR", str(DATA_DIR))
ASSETS_DIR = STATIC_DIR / "assets"
PORTAL_NAME = env.read(env.str, "PORTAL_NAME", "Tidegate")
SUPPORT_EMAIL = env.read(env.str, "SUPPORT_EMAIL", "support@example.org")
HTTPS = BASE_URL.startswith("https://")
if not HTTPS and not LOCAL:
    raise ImproperlyConfigured("BASE_URL must start with https:// in production.")

# How many reverse proxies in front of the portal append to X-Forwarded-For. A number, not a list of
# addresses: a caller can write anything into that header, but cannot remove what our proxies append.
TRUSTED_PROXY_COUNT = env.read(env.int, "TRUSTED_PROXY_COUNT", 0)
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXY_COUNT
if TRUSTED_PROXY_COUNT < 0:
    raise ImproperlyConfigured("TRUSTED_PROXY_COUNT must be 0 or more.")

# --- applications ---------------------------------------------------------------------------------
INSTALLED_APPS = [
    "config",
    "common",
    "accounts",
    "registry",
    "governance",
    "access",
    "incidents",
    "reports",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "csp",
    "django_cotton.apps.SimpleAppConfig",
    "django_filters",
    "django_htmx",
    "drf_spectacular",
    "guardian",
    "lucide",
    "rest_framework",
    "template_partials.apps.SimpleAppConfig",
]
MIDDLEWARE = [
    "common.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Pads each answer by random bytes, so that its length does not give away what a guess shares with it.
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "common.middleware.UnavailableMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "common.uploads.BodyLimitMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.SingleSignOnMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "common.middleware.PreferencesMiddleware",
    "common.middleware.PrivateMiddleware",
    "common.middleware.HtmxRedirectMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- PostgreSQL -----------------------------------------------------------------------------------
DATABASE_URL = env.read(env.str, "DATABASE_URL")
if not DATABASE_URL.startswith(("postgres://", "postgresql://")):
    raise ImproperlyConfigured("DATABASE_URL must be a PostgreSQL URL: postgres://user:password@host:5432/name.")
DATABASES = {"default": dj_database_url.parse(DATABASE_URL, conn_health_checks=True)}
DATABASE_POOL_SIZE = env.read(env.int, "DATABASE_POOL_SIZE", 8, validate=validate.Range(1))
DATABASES["default"].setdefault("OPTIONS", {}).update(
    {
        "connect_timeout": 5,
        # A pool a process: a connection is opened once, not for every request of every thread.
        "pool": {"min_size": 1, "max_size": DATABASE_POOL_SIZE, "timeout": 3},
    }
)
DATABASES["default"]["CONN_MAX_AGE"] = 0

# --- Redis protocol: broker, throttles, short-lived marks ------------------------------------------
REDIS_URL = env.require_url("REDIS_URL", schemes=("redis", "rediss", "unix"))
CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "tidegate",
        "OPTIONS": {
            # Nothing in the cache is the only copy of anything, so its absence slows nobody down
            # and stops nothing: a throttle that cannot count lets the caller through.
            "IGNORE_EXCEPTIONS": True,
            "SOCKET_CONNECT_TIMEOUT": 1,
            "SOCKET_TIMEOUT": 1,
        },
    }
}
DJANGO_REDIS_LOG_IGNORED_EXCEPTIONS = True
CELERY_BROKER_URL = REDIS_URL
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 50
CELERY_TASK_SOFT_TIME_LIMIT = 300
CELERY_TASK_TIME_LIMIT = 360
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
# Publishing never holds up a request: what the broker does not take now, the sweepers send later.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_CONNECTION_TIMEOUT = 1
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "socket_connect_timeout": 1,
    "socket_timeout": 5,
    "global_keyprefix": "tidegate:",
    "max_retries": 0,
}
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat-schedule")
# What nobody took before its next turn is dropped, so that a day without workers leaves no heap of it.
CELERY_BEAT_SCHEDULE = {
    "heartbeat": {"task": "common.tasks.beat_heartbeat", "schedule": 15.0, "options": {"expires": 15.0}},
    "sweep-outbox": {"task": "common.tasks.sweep_outbox", "schedule": 30.0, "options": {"expires": 30.0}},
    # On the hour, so that a mail does not tell at which minute somebody reported something.
    "misuse-digests": {
        "task": "incidents.tasks.send_digests",
        "schedule": crontab(minute=0),
        "options": {"expires": 3000.0},
    },
    # People choose an hour of their own time zone, and some zones begin at half past.
    "reminders": {
        "task": "accounts.tasks.send_reminders",
        "schedule": crontab(minute="2,32"),
        "options": {"expires": 1500.0},
    },
    "sweep-leftovers": {
        "task": "registry.tasks.sweep_leftovers",
        "schedule": crontab(hour=3, minute=17),
        "options": {"expires": 3600.0},
    },
    "ended-acceptances": {
        "task": "registry.tasks.announce_ended_acceptances",
        "schedule": crontab(minute=7),
        "options": {"expires": 3000.0},
    },
    "expire-imports": {
        "task": "registry.tasks.expire_imports",
        "schedule": crontab(hour=3, minute=37),
        "options": {"expires": 3600.0},
    },
    "sweep-attachments": {
        "task": "incidents.tasks.sweep_attachments",
        "schedule": crontab(hour=3, minute=27),
        "options": {"expires": 3600.0},
    },
    "sweep-jobs": {"task": "common.tasks.sweep_jobs", "schedule": 30.0, "options": {"expires": 30.0}},
}

# --- files: local disk by default, S3 by settings ---------------------------------------------------
S3_BUCKET = env.read(env.str, "S3_BUCKET", "")
if S3_BUCKET:
    _default_storage = {
        "BACKEND": "common.storage.BucketStorage",
        "OPTIONS": {
            "bucket_name": S3_BUCKET,
            "endpoint_url": env.read(env.str, "S3_ENDPOINT_URL", "") or None,
            "public_endpoint_url": env.read(env.str, "S3_PUBLIC_ENDPOINT_URL", "") or None,
            "region_name": env.read(env.str, "S3_REGION", "") or None,
            "access_key": env.read(env.str, "S3_ACCESS_KEY", "") or None,
            "secret_key": env.read(env.str, "S3_SECRET_KEY", "") or None,
        },
    }
else:
    _default_storage = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": DATA_DIR / "artifacts", "base_url": None},
    }
STORAGES = {
    "default": _default_storage,
    "staticfiles": {"BACKEND": "common.static_storage.PortalStaticFilesStorage"},
}
FILE_UPLOAD_HANDLERS = [
    "common.uploads.BodyLimit",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
# Of every body but a model file's. Twice what the report form takes, so that a file a little too large still
# gets the form's own words.
LARGEST_BODY = 100_000_000
FILE_UPLOAD_TEMP_DIR = env.read(env.str, "UPLOAD_TEMP_DIR", "") or None
FILE_UPLOAD_PERMISSIONS = 0o640
DATA_UPLOAD_MAX_MEMORY_SIZE = 6 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
STATIC_URL = "/static/"
STATIC_ROOT = STATIC_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static", ASSETS_DIR]
WHITENOISE_MAX_AGE = 3600

# --- templates and forms ----------------------------------------------------------------------------
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            # Cotton and template partials both wrap the loaders; in this order neither hides the other.
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [
                        (
                            "django.template.loaders.cached.Loader",
                            [
                                "django_cotton.cotton_loader.Loader",
                                "django.template.loaders.filesystem.Loader",
                                "django.template.loaders.app_directories.Loader",
                            ],
                        )
                    ],
                )
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django_cotton.templatetags.cotton",
                "template_partials.templatetags.partials",
                "common.templatetags.filter_fields",
                "common.templatetags.panels",
                "common.templatetags.tidegate",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "common.context_processors.portal",
            ],
        },
    }
]
# A component sees its attributes and the context processors, never a variable that its page happens to have.
COTTON_ISOLATE_BY_DEFAULT = True
FORM_RENDERER = "common.forms.Renderer"
FORMS_URLFIELD_ASSUME_HTTPS = True

# --- language and time ------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
DATETIME_FORMAT = "j M Y, H:i"
DATE_FORMAT = "j M Y"
FORMAT_MODULE_PATH = "config.formats"

# --- people -----------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
    "guardian.backends.ObjectPermissionBackend",
]
GUARDIAN_RAISE_403 = True
ANONYMOUS_USER_NAME = None
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/workspace/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_SIGNUP_FORM_CLASS = "accounts.forms.SignupForm"
ACCOUNT_USER_DISPLAY = "accounts.models.display_name"
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_CONFIRM_EMAIL_ON_GET = False
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
# Wrong passwords are throttled by accounts.throttle, which tells an owner from a stranger, in the place of
# allauth's rule, which counts per account alone and would let a stranger lock an owner out. What is left to
# this rule is the second factor: whoever is asked for it has given the password already.
ACCOUNT_RATE_LIMITS = {"login_failed": "10/5m/key"}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS
MFA_TOTP_ISSUER = PORTAL_NAME
SOCIALACCOUNT_ADAPTER = "accounts.adapter.SocialAccountAdapter"
# Whether an address that the provider calls verified opens the account that has it here already.
SOCIALACCOUNT_EMAIL_AUTHENTICATION = env.read(env.bool, "OIDC_TRUST_EMAIL", False)
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
OIDC_SERVER_URL = env.read(env.str, "OIDC_SERVER_URL", "")
if OIDC_SERVER_URL:
    OIDC_SERVER_URL = env.require_url("OIDC_SERVER_URL", schemes=("http", "https") if LOCAL else ("https",))
SOCIALACCOUNT_PROVIDERS = (
    {
        "openid_connect": {
            "OAUTH_PKCE_ENABLED": True,
            "APPS": [
                {
                    "provider_id": "sso",
                    "name": env.read(env.str, "OIDC_NAME", "Single sign-on"),
                    "client_id": env.read(env.str, "OIDC_CLIENT_ID"),
                    "secret": env.read(env.str, "OIDC_CLIENT_SECRET"),
                    "settings": {"server_url": OIDC_SERVER_URL},
                }
            ],
        }
    }
    if OIDC_SERVER_URL
    else {}
)

# --- mail -------------------------------------------------------------------------------------------
# --- reminders: after how many days what is late goes to the deputy, and to the release manager ------------
REMINDER_SOON_DAYS = env.read(env.int, "REMINDER_SOON_DAYS", 7, validate=validate.Range(0, 90))
REMINDER_DEPUTY_DAYS = env.read(env.int, "REMINDER_DEPUTY_DAYS", 7, validate=validate.Range(0, 365))
REMINDER_MANAGER_DAYS = env.read(env.int, "REMINDER_MANAGER_DAYS", 14, validate=validate.Range(0, 365))

DEFAULT_FROM_EMAIL = env.read(env.str, "DEFAULT_FROM_EMAIL", "Tidegate <no-reply@example.org>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
# submission:// begins in the clear and turns to TLS; smtp://…/?ssl=true is TLS from the first byte.
EMAIL_URL = env.read(env.str, "EMAIL_URL", "" if LOCAL else None)
if EMAIL_URL or not LOCAL:
    env.require_url("EMAIL_URL", schemes=("submission", "smtp"))
    _mail = env.dj_email_url("EMAIL_URL")
    EMAIL_BACKEND = _mail["EMAIL_BACKEND"]
    EMAIL_HOST, EMAIL_PORT = _mail["EMAIL_HOST"], _mail["EMAIL_PORT"]
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail["EMAIL_HOST_USER"], _mail["EMAIL_HOST_PASSWORD"]
    EMAIL_USE_TLS, EMAIL_USE_SSL = _mail["EMAIL_USE_TLS"], _mail["EMAIL_USE_SSL"]
    EMAIL_TIMEOUT = 10
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = DATA_DIR / "mail"

# --- browser security -------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
PERMISSIONS_POLICY: dict[str, list[str]] = {
    feature: [] for feature in ("camera", "display-capture", "geolocation", "microphone", "payment", "usb")
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz/"]
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXY_COUNT else None
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "common.views.csrf_failure"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# --- API --------------------------------------------------------------------------------------------
_rate = validate.Regexp(r"[1-9]\d*/(sec|min|hour|day)\Z", error="Must be like 20/hour (sec, min, hour or day).")
API_TOKEN_RATE = env.read(env.str, "API_TOKEN_RATE", "600/min", validate=_rate)
API_ANONYMOUS_RATE = env.read(env.str, "API_ANONYMOUS_RATE", "120/min", validate=_rate)
REPORT_RATE = env.read(env.str, "REPORT_RATE", "20/hour", validate=_rate)
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.TokenAuthentication",
        "accounts.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["common.api.permissions.TokenScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["common.api.parsers.JSONParser"],
    "DEFAULT_FILTER_BACKENDS": [
        "common.api.filters.FilterBackend",
        "rest_framework.filters.OrderingFilter",
    ],
    "DEFAULT_PAGINATION_CLASS": "common.api.pagination.KeysetPagination",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": ["common.api.throttling.TokenRate", "common.api.throttling.AnonymousRate"],
    "DEFAULT_THROTTLE_RATES": {"token": API_TOKEN_RATE, "anonymous": API_ANONYMOUS_RATE, "report": REPORT_RATE},
    "EXCEPTION_HANDLER": "common.api.problems.handle",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Tidegate API",
    "DESCRIPTION": "Govern the releases of open AI models: registry, risks, access, incidents, decisions, reports.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    # Names for sets of choices that several fields share, or that share a field name with others.
    "ENUM_NAME_OVERRIDES": {
        "MisuseReportStageEnum": "incidents.models.MisuseReport.Stage",
        "IncidentStageEnum": "incidents.models.Incident.Stage",
        "CloseReasonEnum": "incidents.models.CloseReason",
        "MisuseCategoryEnum": "incidents.models.Category",
        "MessageAuthorEnum": "incidents.models.ReportMessage.Author",
        "MessageVisibilityEnum": "incidents.models.ReportMessage.Visibility",
        "BandEnum": "registry.scale.Band",
        "ConfidenceEnum": "registry.models.Risk.Confidence",
        "TreatmentEnum": "registry.models.Risk.Treatment",
        "ScaleStageEnum": "registry.models.RiskScale.Stage",
        "AcceptanceStateEnum": "registry.models.RiskAcceptance.State",
        "ProposalStageEnum": "registry.models.AssessmentProposal.Stage",
        "ReleaseStageEnum": "registry.models.Stage",
        "RiskStageEnum": "registry.models.Risk.Stage",
        "MitigationStageEnum": "registry.models.Mitigation.Stage",
        "ModalityEnum": "registry.models.Modality",
        "MitigationKindEnum": "registry.models.Mitigation.Kind",
        "SafeguardKindEnum": "registry.models.Safeguard.Kind",
        "UseSeverityEnum": "registry.models.HighRiskUse.Severity",
        "DataOriginEnum": "registry.models.TrainingDataset.Kind",
        "UsageRuleKindEnum": "registry.models.RuleKind",
        "PhaseKindEnum": "registry.models.plan.PhaseKind",
        "AssessmentKindEnum": "registry.models.RiskAssessment.Kind",
        "RiskOriginEnum": "registry.models.Risk.Origin",
        "TaxonomyKindEnum": "registry.models.Taxonomy.Kind",
        "ReviewQuestionKindEnum": "registry.models.Question.Kind",
        "QuestionSetStageEnum": "registry.models.QuestionSet.Stage",
        "ReleaseReviewStageEnum": "registry.models.ReleaseReview.Stage",
        "ReviewOutcomeEnum": "registry.models.ReleaseReview.Outcome",
        "RiskVerdictEnum": "registry.models.RiskReview.Verdict",
        "ReviewRoundStageEnum": "registry.models.ReviewRound.Stage",
        "RoleEnum": "accounts.roles.Role",
        "TierKindEnum": "access.models.tiers.TierKind",
        "QuestionKindEnum": "access.models.tiers.QuestionKind",
        "RequestMessageVisibilityEnum": "access.models.RequestMessage.Visibility",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "common.api.schema.describe_problems",
    ],
    "SERVE_PUBLIC": True,
}

# --- logging ----------------------------------------------------------------------------------------
LOG_LEVEL = env.read(env.str, "LOG_LEVEL", "INFO", validate=validate.OneOf(["DEBUG", "INFO", "WARNING", "ERROR"]))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "common.logs.RequestIdFilter"}, "redact": {"()": "common.logs.RedactFilter"}},
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["request_id", "redact"]}
    },
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "django.server": {"handlers": ["stderr"], "propagate": False},
        "fontTools": {"level": "WARNING"},
        "weasyprint": {"level": "ERROR"},
    },
}
TEST_RUNNER = "django.test.runner.DiscoverRunner"
SILENCED_SYSTEM_CHECKS: list[str] = []
