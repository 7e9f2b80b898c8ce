"""What the journeys' provider says of a person beside their subject."""

from oauth2_provider.oauth2_validators import OAuth2Validator


class Claims(OAuth2Validator):
    oidc_claim_scope = None

    def get_additional_claims(self, request) -> dict:
        user = request.user
        return {
            "email": user.email,
            "email_verified": True,
            "name": user.username,
            "amr": user.last_name.split(","),
        }
