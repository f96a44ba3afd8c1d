import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_tables'),
        ('registry', '0004_published_releases_do_not_change'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='TermsVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(verbose_name='version')),
                ('can', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=300), blank=True, default=list, size=None, verbose_name='you can')),
                ('must', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=300), blank=True, default=list, size=None, verbose_name='you must')),
                ('must_not', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=300), blank=True, default=list, size=None, verbose_name='you must not')),
                ('text', models.TextField(verbose_name='full text')),
                ('change_note', models.TextField(blank=True, verbose_name='what changed')),
                ('is_material', models.BooleanField(default=True, verbose_name='must be accepted again')),
                ('enforced_from', models.DateTimeField(verbose_name='must be accepted from')),
                ('sha256', models.CharField(max_length=64, verbose_name='SHA-256')),
                ('published_at', models.DateTimeField(verbose_name='published')),
                ('published_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-number'],
            },
        ),
        migrations.CreateModel(
            name='AccessRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('row_version', models.PositiveIntegerField(default=1, editable=False, verbose_name='row version')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='last changed')),
                ('stage', models.CharField(choices=[('draft', 'Draft'), ('submitted', 'Submitted'), ('returned', 'Returned'), ('approved', 'Approved'), ('declined', 'Declined'), ('withdrawn', 'Withdrawn')], default='draft', editable=False, max_length=24, verbose_name='stage')),
                ('purpose', models.CharField(blank=True, max_length=200, verbose_name='what for')),
                ('answers', models.JSONField(blank=True, default=list, verbose_name='answers')),
                ('form_version', models.PositiveIntegerField(default=1, verbose_name='version of the questions')),
                ('signed_name', models.CharField(blank=True, max_length=120, verbose_name='name typed under the terms')),
                ('submitted_at', models.DateTimeField(editable=False, null=True, verbose_name='submitted')),
                ('due_at', models.DateTimeField(editable=False, null=True, verbose_name='answer due')),
                ('returned_at', models.DateTimeField(editable=False, null=True, verbose_name='returned')),
                ('returned_fields', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), blank=True, default=list, editable=False, size=None)),
                ('returned_copy', models.JSONField(editable=False, null=True, verbose_name='as it was when returned')),
                ('closed_at', models.DateTimeField(editable=False, null=True, verbose_name='closed')),
                ('decided_at', models.DateTimeField(editable=False, null=True, verbose_name='decided')),
                ('decision_reason', models.TextField(blank=True, editable=False, verbose_name='reason')),
                ('assignee', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='who looks at it')),
                ('decided_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('family', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='access_requests', to='registry.modelfamily')),
                ('organisation', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation', verbose_name='organisation when asking')),
                ('release', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='access_requests', to='registry.release', verbose_name='release')),
                ('requester', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='access_requests', to=settings.AUTH_USER_MODEL, verbose_name='who asks')),
                ('signed_terms', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='access.termsversion')),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='Tier',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('row_version', models.PositiveIntegerField(default=1, editable=False, verbose_name='row version')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='last changed')),
                ('name', models.CharField(max_length=80, verbose_name='name')),
                ('kind', models.CharField(choices=[('researcher', 'Researcher'), ('developer', 'Developer'), ('end_user', 'End user'), ('other', 'Other')], default='researcher', max_length=20, verbose_name='for whom')),
                ('description', models.TextField(max_length=1000, verbose_name='who it is for and what it opens, in plain words')),
                ('order', models.PositiveSmallIntegerField(default=1, verbose_name='place in the list')),
                ('is_offered', models.BooleanField(default=True, help_text='People can ask for it. Taking this away leaves grants as they are.', verbose_name='offered')),
                ('decided_singly', models.BooleanField(default=True, help_text='Requests for this tier are never approved several at once.', verbose_name='every request is read on its own')),
                ('grant_days', models.PositiveSmallIntegerField(default=365, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1827)], verbose_name='access lasts (days)')),
                ('decision_days', models.PositiveSmallIntegerField(default=10, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(180)], verbose_name='we answer within (days)')),
                ('renewal_days', models.PositiveSmallIntegerField(default=30, validators=[django.core.validators.MaxValueValidator(365)], verbose_name='renewal opens before the end (days)')),
                ('support_channel', models.CharField(help_text='An e-mail address or a web address. The gate shows it when it refuses.', max_length=200, verbose_name='where to ask for help')),
                ('form_version', models.PositiveIntegerField(default=1, editable=False, verbose_name='version of the questions')),
                ('family', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='tiers', to='registry.modelfamily', verbose_name='model family')),
            ],
            options={
                'ordering': ['order', 'pk'],
            },
        ),
        migrations.AddField(
            model_name='termsversion',
            name='tier',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='terms', to='access.tier'),
        ),
        migrations.CreateModel(
            name='Grant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('row_version', models.PositiveIntegerField(default=1, editable=False, verbose_name='row version')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='last changed')),
                ('stage', models.CharField(choices=[('active', 'Active'), ('suspended', 'Suspended'), ('revoked', 'Revoked'), ('superseded', 'Renewed')], default='active', editable=False, max_length=24, verbose_name='stage')),
                ('valid_from', models.DateTimeField(verbose_name='from')),
                ('valid_until', models.DateTimeField(verbose_name='until')),
                ('stage_reason', models.TextField(blank=True, editable=False, verbose_name='why it is suspended or revoked')),
                ('stage_changed_at', models.DateTimeField(editable=False, null=True, verbose_name='suspended or revoked')),
                ('family', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='grants', to='registry.modelfamily')),
                ('release', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='grants', to='registry.release', verbose_name='release')),
                ('renews', models.OneToOneField(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='renewed_by', to='access.grant')),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='grants', to='access.accessrequest')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='grants', to=settings.AUTH_USER_MODEL, verbose_name='who')),
                ('tier', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='grants', to='access.tier', verbose_name='tier')),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.AddField(
            model_name='accessrequest',
            name='tier',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='requests', to='access.tier', verbose_name='tier'),
        ),
        migrations.CreateModel(
            name='TierQuestion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.CharField(max_length=300, verbose_name='question')),
                ('help', models.CharField(blank=True, max_length=500, verbose_name='help')),
                ('kind', models.CharField(choices=[('short', 'One line'), ('long', 'Several lines'), ('choice', 'One of a list'), ('checkbox', 'Tick to confirm')], default='long', max_length=10, verbose_name='kind of answer')),
                ('choices', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), blank=True, default=list, size=None, verbose_name='choices')),
                ('required', models.BooleanField(default=True, verbose_name='must be answered')),
                ('order', models.PositiveSmallIntegerField(default=1, verbose_name='place in the list')),
                ('tier', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='questions', to='access.tier')),
            ],
            options={
                'ordering': ['order', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='DownloadEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('path', models.CharField(max_length=300, verbose_name='file')),
                ('sha256', models.CharField(max_length=64, verbose_name='SHA-256')),
                ('first_byte', models.BigIntegerField(default=0, verbose_name='from byte')),
                ('size', models.BigIntegerField(verbose_name='bytes asked for')),
                ('token_prefix', models.CharField(blank=True, max_length=12, verbose_name='token begins with')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='when')),
                ('grant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='downloads', to='access.grant')),
            ],
            options={
                'ordering': ['-pk'],
                'indexes': [models.Index(fields=['grant', '-id'], name='download_of_grant')],
            },
        ),
        migrations.CreateModel(
            name='RequestMessage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('visibility', models.CharField(choices=[('public', 'To the requester and us'), ('internal', 'Internal note')], default='public', max_length=10, verbose_name='who reads it')),
                ('body', models.TextField(max_length=4000, verbose_name='message')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='written')),
                ('author', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='access.accessrequest')),
            ],
            options={
                'ordering': ['pk'],
                'indexes': [models.Index(fields=['request', 'id'], name='message_of_request')],
            },
        ),
        migrations.CreateModel(
            name='Acceptance',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sha256', models.CharField(max_length=64, verbose_name='SHA-256 of the terms')),
                ('typed_name', models.CharField(max_length=120, verbose_name='name typed')),
                ('locale', models.CharField(max_length=16, verbose_name='language')),
                ('accepted_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='accepted')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='acceptances', to=settings.AUTH_USER_MODEL)),
                ('terms', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='acceptances', to='access.termsversion')),
            ],
            options={
                'ordering': ['-pk'],
                'constraints': [models.UniqueConstraint(fields=('user', 'terms'), name='one_acceptance_per_version')],
            },
        ),
        migrations.AddConstraint(
            model_name='tier',
            constraint=models.UniqueConstraint(fields=('family', 'name'), name='one_tier_per_name', violation_error_message='This model family has a tier with this name.'),
        ),
        migrations.AddConstraint(
            model_name='tier',
            constraint=models.CheckConstraint(condition=models.Q(('grant_days__range', (1, 1827))), name='tier_grant_has_an_end'),
        ),
        migrations.AddConstraint(
            model_name='tier',
            constraint=models.CheckConstraint(condition=models.Q(('decision_days__range', (1, 180))), name='tier_has_a_decision_target'),
        ),
        migrations.AddConstraint(
            model_name='termsversion',
            constraint=models.UniqueConstraint(fields=('tier', 'number'), name='terms_versions_count_up'),
        ),
        migrations.AddConstraint(
            model_name='termsversion',
            constraint=models.CheckConstraint(condition=models.Q(('number__gt', 1), ('is_material', True), _connector='OR'), name='first_terms_are_material'),
        ),
        migrations.AddConstraint(
            model_name='termsversion',
            constraint=models.CheckConstraint(condition=models.Q(('enforced_from__gte', models.F('published_at'))), name='terms_not_enforced_before_published'),
        ),
        migrations.AddIndex(
            model_name='grant',
            index=models.Index(fields=['user', 'release', '-id'], name='grant_gate'),
        ),
        migrations.AddIndex(
            model_name='grant',
            index=models.Index(fields=['family', '-id'], name='grant_of_family'),
        ),
        migrations.AddIndex(
            model_name='grant',
            index=models.Index(fields=['release', 'stage'], name='grant_of_release'),
        ),
        migrations.AddConstraint(
            model_name='grant',
            constraint=models.CheckConstraint(condition=models.Q(('stage__in', ['active', 'suspended', 'revoked', 'superseded'])), name='grant_stage_is_known'),
        ),
        migrations.AddConstraint(
            model_name='grant',
            constraint=models.CheckConstraint(condition=models.Q(('valid_until__gt', models.F('valid_from'))), name='grant_ends_after_it_began'),
        ),
        migrations.AddConstraint(
            model_name='grant',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('stage__in', ['suspended', 'revoked']), _negated=True), models.Q(('stage_reason', ''), _negated=True), _connector='OR'), name='closed_grant_says_why'),
        ),
        migrations.AddConstraint(
            model_name='grant',
            constraint=models.UniqueConstraint(condition=models.Q(('stage__in', ['active', 'suspended'])), fields=('user', 'release', 'tier'), name='one_live_grant_per_release_and_tier'),
        ),
        migrations.AddIndex(
            model_name='accessrequest',
            index=models.Index(fields=['family', 'stage', 'due_at'], name='request_queue_family'),
        ),
        migrations.AddIndex(
            model_name='accessrequest',
            index=models.Index(fields=['stage', 'due_at'], name='request_queue'),
        ),
        migrations.AddIndex(
            model_name='accessrequest',
            index=models.Index(condition=models.Q(('closed_at__isnull', False)), fields=['-closed_at'], name='request_closed'),
        ),
        migrations.AddIndex(
            model_name='accessrequest',
            index=models.Index(condition=models.Q(('closed_at__isnull', False)), fields=['family', '-closed_at'], name='request_closed_family'),
        ),
        migrations.AddIndex(
            model_name='accessrequest',
            index=models.Index(fields=['submitted_at'], name='request_submitted'),
        ),
        migrations.AddConstraint(
            model_name='accessrequest',
            constraint=models.UniqueConstraint(condition=models.Q(('stage__in', ['draft', 'submitted', 'returned'])), fields=('requester', 'release', 'tier'), name='one_open_request_per_release_and_tier', violation_error_message='You already have an open request for this tier of this release.'),
        ),
        migrations.AddConstraint(
            model_name='accessrequest',
            constraint=models.CheckConstraint(condition=models.Q(('stage__in', ['draft', 'submitted', 'returned', 'approved', 'declined', 'withdrawn'])), name='request_stage_is_known'),
        ),
        migrations.AddConstraint(
            model_name='accessrequest',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('stage__in', ['submitted', 'returned', 'approved', 'declined']), _negated=True), models.Q(('due_at__isnull', False), ('submitted_at__isnull', False)), _connector='OR'), name='sent_request_has_a_due_date'),
        ),
        migrations.AddConstraint(
            model_name='accessrequest',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('stage__in', ['approved', 'declined']), _negated=True), models.Q(('decided_at__isnull', False), ('decided_by__isnull', False), models.Q(('decision_reason', ''), _negated=True)), _connector='OR'), name='decided_request_says_who_and_why'),
        ),
        migrations.AddConstraint(
            model_name='accessrequest',
            constraint=models.CheckConstraint(condition=models.Q(('decided_by__isnull', True), models.Q(('decided_by', models.F('requester')), _negated=True), _connector='OR'), name='nobody_decides_their_own_request'),
        ),
    ]
