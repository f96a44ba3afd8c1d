import django.contrib.postgres.indexes
import django.contrib.postgres.search
from django.db import migrations, models


def vector(*names, weight):
    return django.contrib.postgres.search.SearchVector(*names, weight=weight, config="english")


class Migration(migrations.Migration):
    """The words of a risk remember where they stand, so that a search finds only what its reader may see."""

    dependencies = [("registry", "0023_imports")]
    operations = [
        migrations.RemoveIndex(model_name="risk", name="risk_words"),
        migrations.RemoveField(model_name="risk", name="words"),
        migrations.AddField(
            model_name="risk",
            name="words",
            field=models.GeneratedField(
                db_persist=True,
                expression=(
                    vector("title", weight="A")
                    + vector("harm", weight="B")
                    + vector("affected", weight="C")
                    + vector("cause", "event", "consequence", weight="D")
                ),
                output_field=django.contrib.postgres.search.SearchVectorField(),
            ),
        ),
        migrations.AddIndex(
            model_name="risk",
            index=django.contrib.postgres.indexes.GinIndex(fields=["words"], name="risk_words"),
        ),
    ]
