import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
import django.utils.timezone
import incidents.models.report
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('governance', '0002_published_decisions_are_frozen'),
        ('registry', '0004_published_releases_do_not_change'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='HandlerDigest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('pending', models.BooleanField(default=True)),
                ('sent_at', models.DateTimeField(null=True)),
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Incident',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('row_version', models.PositiveIntegerField(default=1, editable=False, verbose_name='row version')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='last changed')),
                ('audience', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=24), default=list, editable=False, size=None)),
                ('stage', models.CharField(choices=[('open', 'Open'), ('contained', 'Contained'), ('resolved', 'Resolved'), ('closed', 'Closed')], default='open', editable=False, max_length=24, verbose_name='stage')),
                ('title', models.CharField(max_length=200, verbose_name='title')),
                ('summary', models.TextField(blank=True, verbose_name='what happened')),
                ('severity', models.CharField(blank=True, choices=[('low', 'Low'), ('moderate', 'Moderate'), ('high', 'High'), ('critical', 'Critical')], max_length=10, verbose_name='severity')),
                ('source', models.CharField(choices=[('portal', 'This portal'), ('avid', 'AVID')], default='portal', editable=False, max_length=10, verbose_name='source')),
                ('external_reference', models.CharField(blank=True, editable=False, max_length=80, verbose_name='outside reference')),
                ('external', models.JSONField(blank=True, default=dict, editable=False, verbose_name='as it came')),
                ('occurred_on', models.DateField(blank=True, null=True, verbose_name='date it happened')),
                ('lessons', models.TextField(blank=True, verbose_name='lessons learned')),
                ('contained_at', models.DateTimeField(editable=False, null=True, verbose_name='contained')),
                ('resolved_at', models.DateTimeField(editable=False, null=True, verbose_name='resolved')),
                ('closed_at', models.DateTimeField(editable=False, null=True, verbose_name='closed')),
                ('searched', models.GeneratedField(db_persist=True, expression=django.contrib.postgres.search.SearchVector('title', 'summary', 'external_reference', config='english'), output_field=django.contrib.postgres.search.SearchVectorField())),
                ('decisions', models.ManyToManyField(blank=True, related_name='incidents', to='governance.decision', verbose_name='decisions')),
                ('families', models.ManyToManyField(blank=True, related_name='incidents', to='registry.modelfamily', verbose_name='models')),
                ('opened_by', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('owner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='owned_incidents', to=settings.AUTH_USER_MODEL, verbose_name='owner')),
                ('releases', models.ManyToManyField(blank=True, related_name='incidents', to='registry.release', verbose_name='releases')),
                ('risks', models.ManyToManyField(blank=True, related_name='incidents', to='registry.risk', verbose_name='risks')),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='MisuseReport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('row_version', models.PositiveIntegerField(default=1, editable=False, verbose_name='row version')),
                ('audience', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=24), default=list, editable=False, size=None)),
                ('stage', models.CharField(choices=[('received', 'Received'), ('triaged', 'Being looked at'), ('answered', 'Answered'), ('closed', 'Closed')], default='received', editable=False, max_length=24, verbose_name='stage')),
                ('locator', models.CharField(editable=False, max_length=8, unique=True, verbose_name='locator')),
                ('salt', models.BinaryField()),
                ('digest', models.BinaryField()),
                ('submission', models.BinaryField(unique=True, verbose_name='hash of the form it came with')),
                ('receipt_saved', models.BooleanField(default=False, editable=False, verbose_name='the reporter has kept the receipt')),
                ('model_text', models.CharField(blank=True, max_length=200, verbose_name='model, as the reporter wrote it')),
                ('category', models.CharField(choices=[('fraud', 'Fraud or impersonation'), ('harassment', 'Threats or harassment'), ('csam', 'Child sexual abuse material'), ('cyber', 'Cyber attack'), ('cbrn', 'Biological, chemical, nuclear harm'), ('self_harm', 'Suicide or self-harm'), ('privacy', 'Private data exposed'), ('other', 'Something else')], max_length=20, verbose_name='kind of misuse')),
                ('what_happened', models.TextField(max_length=4000, verbose_name='what happened')),
                ('happened_when', models.CharField(blank=True, max_length=100, verbose_name='when')),
                ('happened_where', models.CharField(blank=True, max_length=200, verbose_name='where')),
                ('link', models.URLField(blank=True, max_length=500, verbose_name='link to it')),
                ('contact_sealed', models.BinaryField(default=bytes, verbose_name='contact, sealed')),
                ('severity', models.CharField(blank=True, choices=[('low', 'Low'), ('moderate', 'Moderate'), ('high', 'High'), ('critical', 'Critical')], editable=False, max_length=10, verbose_name='severity')),
                ('close_reason', models.CharField(blank=True, choices=[('resolved', 'We acted on it'), ('duplicate', 'We knew of it from another report'), ('not_misuse', 'We looked and see no misuse'), ('not_ours', 'It is not about a model of ours'), ('no_answer', 'We asked and heard nothing'), ('spam', 'It is not a report')], editable=False, max_length=20, verbose_name='why it was closed')),
                ('awaits_handler', models.BooleanField(default=True, editable=False, verbose_name='waits for us')),
                ('form_version', models.CharField(default='2026-11', editable=False, max_length=20, verbose_name='form')),
                ('received_at', models.DateTimeField(default=incidents.models.report.this_hour, editable=False, verbose_name='received')),
                ('first_answered_at', models.DateTimeField(editable=False, null=True, verbose_name='first answered')),
                ('closed_at', models.DateTimeField(editable=False, null=True, verbose_name='closed')),
                ('searched', models.GeneratedField(db_persist=True, expression=django.contrib.postgres.search.SearchVector('what_happened', 'model_text', 'happened_where', config='english'), output_field=django.contrib.postgres.search.SearchVectorField())),
                ('family', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='misuse_reports', to='registry.modelfamily', verbose_name='model')),
                ('owner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='owned_reports', to=settings.AUTH_USER_MODEL, verbose_name='owner')),
                ('release', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='misuse_reports', to='registry.release', verbose_name='release')),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='IncidentReport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('linked_at', models.DateTimeField(auto_now_add=True)),
                ('incident', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='report_links', to='incidents.incident')),
                ('linked_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('report', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='incident_links', to='incidents.misusereport')),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.AddField(
            model_name='incident',
            name='reports',
            field=models.ManyToManyField(related_name='incidents', through='incidents.IncidentReport', to='incidents.misusereport'),
        ),
        migrations.CreateModel(
            name='ReportMessage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('author', models.CharField(choices=[('reporter', 'Reporter'), ('handler', 'Handler')], max_length=10, verbose_name='written by')),
                ('visibility', models.CharField(choices=[('public', 'The reporter and us'), ('internal', 'Only us')], max_length=10, verbose_name='read by')),
                ('body', models.TextField(max_length=4000, verbose_name='message')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='written')),
                ('report', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='messages', to='incidents.misusereport')),
                ('user', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='ReportAttachment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('visibility', models.CharField(choices=[('public', 'The reporter and us'), ('internal', 'Only us')], default='public', max_length=10, verbose_name='seen by')),
                ('name', models.CharField(max_length=110, verbose_name='name')),
                ('media_type', models.CharField(max_length=40, verbose_name='type')),
                ('size', models.PositiveIntegerField(verbose_name='size in bytes')),
                ('sha256', models.CharField(max_length=64, verbose_name='SHA-256')),
                ('file', models.FileField(max_length=200, upload_to=incidents.models.report.evidence_location)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='added')),
                ('report', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='attachments', to='incidents.misusereport')),
                ('user', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('message', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='attachments', to='incidents.reportmessage')),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.AddIndex(
            model_name='misusereport',
            index=django.contrib.postgres.indexes.GinIndex(fields=['audience'], name='misusereport_audience'),
        ),
        migrations.AddIndex(
            model_name='misusereport',
            index=django.contrib.postgres.indexes.GinIndex(fields=['searched'], name='misusereport_searched'),
        ),
        migrations.AddIndex(
            model_name='misusereport',
            index=models.Index(condition=models.Q(('awaits_handler', True)), fields=['id'], name='report_queue'),
        ),
        migrations.AddIndex(
            model_name='misusereport',
            index=models.Index(fields=['stage', '-id'], name='report_by_stage'),
        ),
        migrations.AddIndex(
            model_name='misusereport',
            index=models.Index(fields=['severity', '-id'], name='report_by_severity'),
        ),
        migrations.AddIndex(
            model_name='misusereport',
            index=models.Index(fields=['category', '-id'], name='report_by_category'),
        ),
        migrations.AddIndex(
            model_name='misusereport',
            index=models.Index(fields=['owner', '-id'], name='report_by_owner'),
        ),
        migrations.AddIndex(
            model_name='misusereport',
            index=models.Index(fields=['received_at'], name='report_by_time'),
        ),
        migrations.AddConstraint(
            model_name='misusereport',
            constraint=models.CheckConstraint(condition=models.Q(('stage__in', ['received', 'triaged', 'answered', 'closed'])), name='report_stage_is_known'),
        ),
        migrations.AddConstraint(
            model_name='misusereport',
            constraint=models.CheckConstraint(condition=models.Q(('stage__in', ['received', 'closed']), models.Q(models.Q(('severity', ''), _negated=True), ('owner__isnull', False)), _connector='OR'), name='judged_report_has_severity_and_owner'),
        ),
        migrations.AddConstraint(
            model_name='misusereport',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('stage', 'closed'), _negated=True), models.Q(('close_reason', ''), _negated=True), _connector='OR'), name='closed_report_says_why'),
        ),
        migrations.AddConstraint(
            model_name='misusereport',
            constraint=models.CheckConstraint(condition=models.Q(('release__isnull', True), ('family__isnull', False), _connector='OR'), name='report_release_has_family'),
        ),
        migrations.AddConstraint(
            model_name='incidentreport',
            constraint=models.UniqueConstraint(fields=('incident', 'report'), name='report_linked_once_per_incident'),
        ),
        migrations.AddIndex(
            model_name='incident',
            index=django.contrib.postgres.indexes.GinIndex(fields=['audience'], name='incident_audience'),
        ),
        migrations.AddIndex(
            model_name='incident',
            index=django.contrib.postgres.indexes.GinIndex(fields=['searched'], name='incident_searched'),
        ),
        migrations.AddIndex(
            model_name='incident',
            index=models.Index(fields=['stage', '-id'], name='incident_by_stage'),
        ),
        migrations.AddIndex(
            model_name='incident',
            index=models.Index(fields=['severity', '-id'], name='incident_by_severity'),
        ),
        migrations.AddIndex(
            model_name='incident',
            index=models.Index(fields=['owner', '-id'], name='incident_by_owner'),
        ),
        migrations.AddIndex(
            model_name='incident',
            index=models.Index(fields=['source', '-id'], name='incident_by_source'),
        ),
        migrations.AddIndex(
            model_name='incident',
            index=models.Index(fields=['created_at'], name='incident_by_time'),
        ),
        migrations.AddConstraint(
            model_name='incident',
            constraint=models.CheckConstraint(condition=models.Q(('stage__in', ['open', 'contained', 'resolved', 'closed'])), name='incident_stage_is_known'),
        ),
        migrations.AddConstraint(
            model_name='incident',
            constraint=models.UniqueConstraint(condition=models.Q(('external_reference', ''), _negated=True), fields=('source', 'external_reference'), name='one_incident_per_outside_reference'),
        ),
        migrations.AddConstraint(
            model_name='incident',
            constraint=models.CheckConstraint(condition=models.Q(('stage__in', ['open', 'contained']), ('resolved_at__isnull', False), _connector='OR'), name='resolved_incident_says_when'),
        ),
        migrations.AddConstraint(
            model_name='reportmessage',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('author', 'handler'), ('user__isnull', False)), models.Q(('author', 'reporter'), ('user__isnull', True), ('visibility', 'public')), _connector='OR'), name='message_has_one_kind_of_author'),
        ),
    ]
