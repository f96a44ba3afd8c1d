import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0005_country_and_domain_in_any_spelling'),
    ]

    operations = [
        migrations.CreateModel(
            name='ReminderDigest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(verbose_name='day')),
                ('content', models.JSONField(default=list)),
                ('item_count', models.PositiveIntegerField(default=0, verbose_name='things')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='written')),
                ('sent_at', models.DateTimeField(null=True, verbose_name='sent')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reminder_digests', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-day', '-pk'],
                'indexes': [models.Index(condition=models.Q(('item_count__gt', 0), ('sent_at__isnull', True)), fields=['day'], name='digest_unsent')],
                'constraints': [models.UniqueConstraint(fields=('user', 'day'), name='one_digest_a_person_and_day')],
            },
        ),
        migrations.CreateModel(
            name='ReminderPreference',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('frequency', models.CharField(choices=[('daily', 'Every day'), ('weekly', 'Once a week'), ('never', 'Not by mail')], default='daily', max_length=8, verbose_name='how often')),
                ('hour', models.PositiveSmallIntegerField(default=7, verbose_name='at what hour')),
                ('weekday', models.PositiveSmallIntegerField(choices=[(0, 'Monday'), (1, 'Tuesday'), (2, 'Wednesday'), (3, 'Thursday'), (4, 'Friday'), (5, 'Saturday'), (6, 'Sunday')], default=0, help_text='When it is once a week.', verbose_name='on which day')),
                ('left_out', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), blank=True, default=list, size=None)),
                ('user', models.OneToOneField(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='reminder_preference', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('frequency__in', ['daily', 'weekly', 'never'])), name='reminder_frequency_is_known'), models.CheckConstraint(condition=models.Q(('hour__lte', 23), ('weekday__lte', 6)), name='reminder_hour_and_day_are_some')],
            },
        ),
    ]
