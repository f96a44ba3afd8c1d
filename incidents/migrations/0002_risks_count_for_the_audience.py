"""The model of a risk counts for who reads an incident, as the model of a release does."""

from itertools import islice

from django.db import migrations

AT_ONCE = 500


def recompute(apps, schema_editor):
    """Write down anew whom the incidents with risks concern. Run again it changes nothing."""
    incident_model = apps.get_model("incidents", "Incident")
    numbers = iter(
        list(incident_model.objects.filter(risks__isnull=False).order_by("pk").distinct().values_list("pk", flat=True))
    )
    while batch := list(islice(numbers, AT_ONCE)):
        entries = {pk: set() for pk in batch}
        for way in ("families", "releases__family", "risks__family"):
            found = incident_model.objects.filter(pk__in=batch, **{f"{way}__isnull": False}).order_by()
            for pk, family, publisher in found.values_list("pk", f"{way}__pk", f"{way}__publisher_id"):
                entries[pk] |= {f"f{family}", f"p{publisher}"}
        changed = []
        for incident in incident_model.objects.filter(pk__in=batch).only("audience"):
            audience = sorted(entries[incident.pk])
            if incident.audience != audience:
                incident.audience = audience
                changed.append(incident)
        incident_model.objects.bulk_update(changed, ["audience"])


class Migration(migrations.Migration):
    dependencies = [("incidents", "0001_tables")]

    operations = [migrations.RunPython(recompute, migrations.RunPython.noop)]
