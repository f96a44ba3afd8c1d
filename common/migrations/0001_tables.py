import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Heartbeat',
            fields=[
                ('name', models.CharField(max_length=50, primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='IdempotencyRecord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key_hash', models.CharField(max_length=64, unique=True)),
                ('request_hash', models.CharField(max_length=64)),
                ('status', models.PositiveSmallIntegerField(null=True)),
                ('answer', models.BinaryField(null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True, db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name='OutboxEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100)),
                ('object_type', models.CharField(max_length=100)),
                ('object_id', models.CharField(max_length=64)),
                ('payload', models.JSONField(default=dict)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name='AuditEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(auto_now_add=True, verbose_name='when')),
                ('actor_id', models.BigIntegerField(null=True, verbose_name='account number')),
                ('actor_label', models.CharField(max_length=254, verbose_name='who')),
                ('on_behalf_of_id', models.BigIntegerField(null=True, verbose_name='on behalf of account number')),
                ('on_behalf_of_label', models.CharField(blank=True, max_length=254, verbose_name='on behalf of')),
                ('verb', models.CharField(max_length=100, verbose_name='what')),
                ('object_type', models.CharField(max_length=100, verbose_name='kind of object')),
                ('object_id', models.CharField(max_length=64, verbose_name='object number')),
                ('object_label', models.CharField(max_length=300, verbose_name='object')),
                ('before', models.JSONField(null=True, verbose_name='before')),
                ('after', models.JSONField(null=True, verbose_name='after')),
                ('evidence', models.JSONField(default=dict, verbose_name='evidence')),
                ('request_id', models.CharField(blank=True, max_length=64, verbose_name='request')),
            ],
            options={
                'ordering': ['-pk'],
                'indexes': [models.Index(fields=['object_type', 'object_id', '-id'], name='audit_object'), models.Index(fields=['actor_id', '-id'], name='audit_actor')],
            },
        ),
        migrations.CreateModel(
            name='Job',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='last changed')),
                ('kind', models.CharField(max_length=100, verbose_name='kind')),
                ('state', models.CharField(choices=[('queued', 'Waiting for a worker'), ('running', 'Running'), ('succeeded', 'Done'), ('failed', 'Failed')], default='queued', max_length=12, verbose_name='state')),
                ('payload', models.JSONField(default=dict)),
                ('result', models.JSONField(default=dict)),
                ('done', models.PositiveIntegerField(default=0)),
                ('total', models.PositiveIntegerField(default=0)),
                ('message', models.CharField(blank=True, max_length=300)),
                ('error', models.TextField(blank=True)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('queued_at', models.DateTimeField()),
                ('started_at', models.DateTimeField(null=True)),
                ('heartbeat_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('requested_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state__in', ['queued', 'running'])), fields=['queued_at'], name='job_unfinished')],
            },
        ),
        migrations.CreateModel(
            name='OutboxDelivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('subscriber', models.CharField(max_length=200)),
                ('state', models.CharField(choices=[('pending', 'waiting'), ('done', 'delivered'), ('failed', 'given up')], default='pending', max_length=10)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('last_error', models.TextField(blank=True)),
                ('due_at', models.DateTimeField(auto_now_add=True)),
                ('done_at', models.DateTimeField(null=True)),
                ('event', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='common.outboxevent')),
            ],
            options={
                'verbose_name_plural': 'outbox deliveries',
                'indexes': [models.Index(condition=models.Q(('state', 'pending')), fields=['due_at'], name='outbox_waiting')],
                'constraints': [models.UniqueConstraint(fields=('event', 'subscriber'), name='outbox_once_per_subscriber')],
            },
        ),
    ]
