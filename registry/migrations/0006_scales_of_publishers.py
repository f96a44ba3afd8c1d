from django.db import migrations
from django.utils import timezone

LIKELIHOODS = ["Rare", "Unlikely", "Possible", "Likely", "Almost certain"]
SEVERITIES = ["Negligible", "Minor", "Moderate", "Major", "Severe"]
LIMITS = (("low", 4), ("moderate", 9), ("high", 15), ("critical", 25))
RULES = (
    ("low", 365, 365, "risk_owner", False),
    ("moderate", 180, 365, "risk_owner", False),
    ("high", 90, 180, "release_manager", True),
    ("critical", 30, 30, "release_manager", True),
)


def start(apps, schema_editor):
    """Every publisher there is gets the scale that all have judged on until now, as its first version."""
    publishers = apps.get_model("registry", "Publisher").objects.all()
    scales, rules = apps.get_model("registry", "RiskScale"), apps.get_model("registry", "BandRule")
    grid = [
        [next(band for band, top in LIMITS if row * column <= top) for column in range(1, 6)] for row in range(1, 6)
    ]
    for publisher in publishers:
        scale = scales.objects.create(
            publisher=publisher,
            number=1,
            stage="active",
            likelihoods=LIKELIHOODS,
            severities=SEVERITIES,
            grid=grid,
            activated_at=publisher.created_at or timezone.now(),
        )
        for band, review, acceptance, role, second in RULES:
            rules.objects.create(
                scale=scale,
                band=band,
                review_days=review,
                acceptance_days=acceptance,
                accepted_by=role,
                needs_second_person=second,
            )


class Migration(migrations.Migration):
    dependencies = [("registry", "0005_risk_scales")]
    operations = [migrations.RunPython(start, migrations.RunPython.noop)]
