"""A real OpenID provider for the journeys: django-oauth-toolkit, as a company would run it, in one file.

`python identity_provider.py FOLDER PORT BACK PEOPLE`: BACK is the portal's address, PEOPLE a JSON list of
{email, password, amr}. It speaks with Django, oauthlib and jwcrypto: nothing of what the portal reads it with.
"""

import json
import sys
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import django
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.urls import include, path

LOGIN = """<!doctype html><html lang="en"><title>Company sign-on</title><body><main><h1>Company sign-on</h1>
<form method="post">{% csrf_token %}{{ form.as_p }}<button>Sign in there</button></form></main></body></html>"""

urlpatterns: list = []


def configure(folder: Path, port: int) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    settings.configure(
        SECRET_KEY="only-for-this-run",
        ALLOWED_HOSTS=["localhost"],
        ROOT_URLCONF="identity_provider",
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "provider.sqlite"}},
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "oauth2_provider",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {
                    "loaders": [
                        ("django.template.loaders.locmem.Loader", {"registration/login.html": LOGIN}),
                        "django.template.loaders.app_directories.Loader",
                    ]
                },
            }
        ],
        LOGIN_URL="/accounts/login/",
        OAUTH2_PROVIDER={
            "OIDC_ENABLED": True,
            "OIDC_ISS_ENDPOINT": f"http://localhost:{port}/o",
            "OIDC_RSA_PRIVATE_KEY": key.private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
            ).decode(),
            "OIDC_RP_INITIATED_LOGOUT_ENABLED": True,
            "OIDC_RP_INITIATED_LOGOUT_ALWAYS_PROMPT": False,
            "PKCE_REQUIRED": True,
            "SCOPES": {"openid": "who", "email": "mail", "profile": "name"},
            "OAUTH2_VALIDATOR_CLASS": "identity_provider_claims.Claims",
        },
    )


def furnish(port: int, back: str, people: list[dict]) -> None:
    from django.contrib.auth.models import User
    from oauth2_provider.models import Application

    for person in people:
        User.objects.create_user(
            person["email"].split("@")[0],
            person["email"],
            person["password"],
            last_name=",".join(person["amr"]),
        )
    Application.objects.create(
        name="DocVault",
        client_id="docvault",
        client_secret="the-shared-secret",
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        redirect_uris=f"{back}/login/sso/return",
        post_logout_redirect_uris=f"{back}/login",
        algorithm=Application.RS256_ALGORITHM,
        skip_authorization=True,
    )


class Quiet(WSGIRequestHandler):
    def log_message(self, *args: object) -> None:
        """Say nothing."""


def main() -> None:
    folder, port, back, people = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], json.loads(sys.argv[4])
    sys.modules["identity_provider"] = sys.modules["__main__"]
    configure(folder, port)
    django.setup()
    from django.contrib.auth.views import LoginView

    urlpatterns[:] = [
        path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
        path("accounts/login/", LoginView.as_view()),
    ]
    call_command("migrate", verbosity=0)
    furnish(port, back, people)
    with make_server("127.0.0.1", port, get_wsgi_application(), handler_class=Quiet) as server:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        server.serve_forever()


if __name__ == "__main__":
    main()
