import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_search_by_name'),
    ]

    operations = [
        migrations.AlterField(
            model_name='organisation',
            name='country',
            field=models.CharField(blank=True, max_length=2, validators=[django.core.validators.RegexValidator('^[A-Za-z]{2}\\Z', 'Write the two letters of a country, such as BE.')], verbose_name='country (ISO 3166 code)'),
        ),
        migrations.AlterField(
            model_name='organisationdomain',
            name='domain',
            field=models.CharField(max_length=253, validators=[django.core.validators.RegexValidator('^[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)+\\Z', 'Write a domain such as example.org.')], verbose_name='domain'),
        ),
    ]
