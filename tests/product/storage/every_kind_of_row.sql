-- A database as it was before codes and identity columns (revision 0005), with every kind of row.
BEGIN TRANSACTION;
CREATE TABLE activations (
	id INTEGER NOT NULL, 
	version_id VARCHAR(64) NOT NULL, 
	at DATETIME NOT NULL, 
	why TEXT NOT NULL, probation BOOLEAN DEFAULT 0 NOT NULL, 
	CONSTRAINT pk_activations PRIMARY KEY (id), 
	CONSTRAINT fk_activations_version_id_versions FOREIGN KEY(version_id) REFERENCES versions (id)
);
INSERT INTO "activations" VALUES(1,'attune-5','2026-11-01 11:10:00.000000','shipped with the product',0);
INSERT INTO "activations" VALUES(2,'r0001-a','2026-11-01 11:14:00.000000','better on what was corrected, not worse on what was known',1);
INSERT INTO "activations" VALUES(3,'attune-5','2026-11-01 11:17:00.000000','rolled back by command',0);
INSERT INTO "activations" VALUES(4,'r0001-a','2026-11-01 11:20:00.000000','promoted by eve: read the table',0);
INSERT INTO "activations" VALUES(5,'attune-5','2026-11-01 11:23:00.000000','back from r0001-a, on probation: corrections of mistakes in a hundred answers: 2.0 (6 of 300) before, 20.0 (60 of 300) after (p = 9.2e-14)',0);
INSERT INTO "activations" VALUES(6,'r0001-a','2026-11-01 11:26:00.000000','promoted by command',0);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0005');
CREATE TABLE attempts (
	id INTEGER NOT NULL, 
	started_at DATETIME NOT NULL, 
	finished_at DATETIME, 
	outcome VARCHAR(24), 
	reason TEXT NOT NULL, 
	version_id VARCHAR(64), up_to INTEGER DEFAULT '0' NOT NULL, publishes VARCHAR(64), verdict JSON, 
	CONSTRAINT pk_attempts PRIMARY KEY (id), 
	CONSTRAINT fk_attempts_version_id_versions FOREIGN KEY(version_id) REFERENCES versions (id)
);
INSERT INTO "attempts" VALUES(1,'2026-11-01 11:12:00.000000','2026-11-01 11:13:00.000000','promoted','better on what was corrected, not worse on what was known','r0001-a',47,'r0001-a','{"promote": true, "reason": "better on what was corrected, not worse on what was known", "checks": []}');
INSERT INTO "attempts" VALUES(2,'2026-11-01 11:29:00.000000','2026-11-01 11:30:00.000000','kept','negative (400): -40.00 points (harm by chance: p = 2.1e-48), but must be: not proved worse, p over 0.05 (unmeasured here: imdb_train)',NULL,57,NULL,'{"promote": false, "reason": "negative (400): -40.00 points (harm by chance: p = 2.1e-48), but must be: not proved worse, p over 0.05 (unmeasured here: imdb_train)", "checks": [{"name": "gate rows (2,000)", "champion": "86.0% right", "challenger": "86.2% right", "finding": "+0.20 points (95%: -0.04 to +0.44)", "rule": "not worse by more than 1 point", "passed": true}, {"name": "gate rows (2,000) against attune-5", "champion": "85.0% right", "challenger": "86.2% right", "finding": "+1.20 points (95%: +0.70 to +1.70)", "rule": "not worse by more than 1 point", "passed": true}, {"name": "held-back corrections (54 in 27 groups)", "champion": "30% right", "challenger": "80% right", "finding": "14 groups fixed, 0 broken (by chance: p = 3.1e-05)", "rule": "more fixed than broken, with p at most 0.35", "passed": true}, {"name": "held-back corrections: their probabilities", "champion": "0.780 off", "challenger": "0.379 off", "finding": "27 groups, 0.401 nearer (by chance: p = 4.9e-47)", "rule": "nearer to the right label (Brier score), as sure as suits each, with p at most 0.05", "passed": true}, {"name": "learned before (12)", "champion": "83% right", "challenger": "83% right", "finding": "0 of 10 broken", "rule": "at most 2% break, none that a reviewer decided", "passed": true}, {"name": "  read in en (400)", "champion": "80.0% right", "challenger": "90.0% right", "finding": "+10.00 points (harm by chance: p = 1)", "rule": "not proved worse, p over 0.05", "passed": true}, {"name": "  negative (400)", "champion": "90.0% right", "challenger": "50.0% right", "finding": "-40.00 points (harm by chance: p = 2.1e-48)", "rule": "not proved worse, p over 0.05", "passed": false}, {"name": "  short (20)", "champion": "50.0% right", "challenger": "50.0% right", "finding": "+0.00 points (too few rows to say)", "rule": "shown only", "passed": null}, {"name": "  middling (400)", "champion": "50.0% right", "challenger": "50.0% right", "finding": "+0.00 points (harm by chance: p = 1)", "rule": "not proved worse, p over 0.05", "passed": true}, {"name": "  airline (500)", "champion": "70.0% right", "challenger": "70.0% right", "finding": "+0.00 points (harm by chance: p = 1)", "rule": "not proved worse, p over 0.05", "passed": true}, {"name": "  fairness in en (300)", "champion": "90.0% right", "challenger": "90.0% right", "finding": "+0.00 points (harm by chance: p = 1)", "rule": "not proved worse, p over 0.05", "passed": true}, {"name": "  behaviours in zh (300)", "champion": "90.0% right", "challenger": "90.0% right", "finding": "+0.00 points (harm by chance: p = 1)", "rule": "not proved worse, p over 0.05", "passed": true}, {"name": "  imdb_train", "champion": "\u2013", "challenger": "\u2013", "finding": "unmeasured: it is not on this computer", "rule": "a lead should look", "passed": null}, {"name": "without a source that gave 70 of 135", "champion": "86.0% right with it", "challenger": "85.0% right without", "finding": "-1.00 points (by chance: p = 1)", "rule": "gate rows not proved worse with it, p over 0.01, or it is set aside", "passed": true}]}');
INSERT INTO "attempts" VALUES(3,'2026-11-01 11:31:00.000000','2026-11-01 11:32:00.000000','insufficient','of 4 corrections that may teach, too few are on different texts that the model has not learned yet: 30 are needed to judge by, and as many to learn from',NULL,57,NULL,NULL);
INSERT INTO "attempts" VALUES(4,'2026-11-01 11:33:00.000000','2026-11-01 11:34:00.000000','kept','negative (400): -40.00 points (harm by chance: p = 2.1e-48), but must be: not proved worse, p over 0.05 (unmeasured here: imdb_train); without a source that does harm, which is set aside now',NULL,57,NULL,'{"promote": false, "reason": "negative (400): -40.00 points (harm by chance: p = 2.1e-48), but must be: not proved worse, p over 0.05 (unmeasured here: imdb_train); without a source that does harm, which is set aside now", "checks": [{"name": "gate rows (2,000)", "champion": "86.0% right", "challenger": "86.2% right", "finding": "+0.20 points (95%: -0.04 to +0.44)", "rule": "not worse by more than 1 point", "passed": true}, {"name": "gate rows (2,000) against attune-5", "champion": "85.0% right", "challenger": "86.2% right", "finding": "+1.20 points (95%: +0.70 to +1.70)", "rule": "not worse by more than 1 point", "passed": true}, {"name": "held-back corrections (54 in 27 groups)", "champion": "30% right", "challenger": "80% right", "finding": "14 groups fixed, 0 broken (by chance: p = 3.1e-05)", "rule": "more fixed than broken, with p at most 0.35", "passed": true}, {"name": "held-back corrections: their probabilities", "champion": "0.780 off", "challenger": "0.379 off", "finding": "27 groups, 0.401 nearer (by chance: p = 4.9e-47)", "rule": "nearer to the right label (Brier score), as sure as suits each, with p at most 0.05", "passed": true}, {"name": "learned before (12)", "champion": "83% right", "challenger": "83% right", "finding": "0 of 10 broken", "rule": "at most 2% break, none that a reviewer decided", "passed": true}, {"name": "  read in en (400)", "champion": "80.0% right", "challenger": "90.0% right", "finding": "+10.00 points (harm by chance: p = 1)", "rule": "not proved worse, p over 0.05", "passed": true}, {"name": "  negative (400)", "champion": "90.0% right", "challenger": "50.0% right", "finding": "-40.00 points (harm by chance: p = 2.1e-48)", "rule": "not proved worse, p over 0.05", "passed": false}, {"name": "  short (20)", "champion": "50.0% right", "challenger": "50.0% right", "finding": "+0.00 points (too few rows to say)", "rule": "shown only", "passed": null}, {"name": "  middling (400)", "champion": "50.0% right", "challenger": "50.0% right", "finding": "+0.00 points (harm by chance: p = 1)", "rule": "not proved worse, p over 0.05", "passed": true}, {"name": "  airline (500)", "champion": "70.0% right", "challenger": "70.0% right", "finding": "+0.00 points (harm by chance: p = 1)", "rule": "not proved worse, p over 0.05", "passed": true}, {"name": "  fairness in en (300)", "champion": "90.0% right", "challenger": "90.0% right", "finding": "+0.00 points (harm by chance: p = 1)", "rule": "not proved worse, p over 0.05", "passed": true}, {"name": "  behaviours in zh (300)", "champion": "90.0% right", "challenger": "90.0% right", "finding": "+0.00 points (harm by chance: p = 1)", "rule": "not proved worse, p over 0.05", "passed": true}, {"name": "  imdb_train", "champion": "\u2013", "challenger": "\u2013", "finding": "unmeasured: it is not on this computer", "rule": "a lead should look", "passed": null}, {"name": "without a source that gave 70 of 135", "champion": "86.0% right with it", "challenger": "85.0% right without", "finding": "-1.00 points (by chance: p = 1)", "rule": "gate rows not proved worse with it, p over 0.01, or it is set aside", "passed": true}]}');
INSERT INTO "attempts" VALUES(5,'2026-11-01 11:36:00.000000','2026-11-01 11:37:00.000000','awaiting-approval','without what was turned down or erased since, and not worse for it (unmeasured here: imdb_train); but attune-5 was made active meanwhile, with which it was not compared','r0005-b',57,'r0005-b','{"promote": true, "reason": "without what was turned down or erased since, and not worse for it (unmeasured here: imdb_train)", "checks": [{"name": "gate rows (2,000)", "champion": "86.0% right", "challenger": "86.0% right", "finding": "+0.00 points (95%: -0.14 to +0.14)", "rule": "not worse by more than 1 point", "passed": true}, {"name": "held-back corrections (0 in 0 groups)", "champion": "\u2013", "challenger": "\u2013", "finding": "none are new", "rule": "not proved worse, p over 0.05", "passed": true}, {"name": "held-back corrections (20 in 20 groups)", "champion": "50% right", "challenger": "50% right", "finding": "0 groups fixed, 0 broken (harm by chance: p = 1)", "rule": "not proved worse, p over 0.05", "passed": true}, {"name": "learned before (0)", "champion": "\u2013", "challenger": "\u2013", "finding": "nothing was", "rule": "at most 2% break, none that a reviewer decided", "passed": true}, {"name": "learned before (12)", "champion": "83% right", "challenger": "50% right", "finding": "4 of 10 broken, 4 of them a reviewer''s", "rule": "at most 100% break, none that a reviewer decided", "passed": true}, {"name": "  imdb_train", "champion": "\u2013", "challenger": "\u2013", "finding": "unmeasured: it is not on this computer", "rule": "a lead should look", "passed": null}, {"name": "  order 1", "champion": "\u2013", "challenger": "\u2013", "finding": "learned before (12): 5 of 10 broken, but must be: at most 10% break, none that a reviewer decided", "rule": "one of 3 must do", "passed": null}]}');
INSERT INTO "attempts" VALUES(6,'2026-11-01 11:38:00.000000','2026-11-01 11:39:00.000000','kept','What an older release said.',NULL,57,NULL,NULL);
INSERT INTO "attempts" VALUES(7,'2026-11-01 11:41:00.000000','2026-11-01 11:42:00.000000','promoted','made active before its time in the shadow was over; it read 1,200 of the answers of r0001-a and 34 of them differently','x1',57,'x1','{"promote": true, "reason": "better on what was corrected, not worse on what was known", "checks": []}');
INSERT INTO "attempts" VALUES(8,'2026-11-01 11:47:00.000000','2026-11-01 11:48:00.000000','awaiting-approval','attune-5 has become active in place of r0001-a; it read 1,200 of the answers of r0001-a and 34 of them differently','x2',57,'x2','{"promote": true, "reason": "better on what was corrected, not worse on what was known", "checks": []}');
INSERT INTO "attempts" VALUES(9,'2026-11-01 11:53:00.000000','2026-11-01 11:54:00.000000','awaiting-approval','it cannot be trusted: v2: a file changed; it read 1,200 of the answers of r0001-a and 34 of them differently','x3',57,'x3','{"promote": true, "reason": "better on what was corrected, not worse on what was known", "checks": []}');
INSERT INTO "attempts" VALUES(10,'2026-11-01 11:59:00.000000','2026-11-01 12:00:00.000000','awaiting-approval','its time in the shadow is over and a lead decides; it read 1,200 of the answers of r0001-a and 34 of them differently','x4',57,'x4','{"promote": true, "reason": "better on what was corrected, not worse on what was known", "checks": []}');
INSERT INTO "attempts" VALUES(11,'2026-11-01 12:05:00.000000','2026-11-01 12:06:00.000000','promoted','passed the gate, and its time in the shadow is over; it read 1,200 of the answers of r0001-a and 34 of them differently','x5',57,'x5','{"promote": true, "reason": "better on what was corrected, not worse on what was known", "checks": []}');
INSERT INTO "attempts" VALUES(12,'2026-11-01 12:14:00.000000','2026-11-01 12:15:00.000000','awaiting-approval','better on what was corrected, not worse on what was known; reads in the shadow of r0001-a until 2026-11-03 12:14 UTC','y2',57,'y2','{"promote": true, "reason": "better on what was corrected, not worse on what was known", "checks": []}');
INSERT INTO "attempts" VALUES(13,'2026-11-01 12:21:00.000000',NULL,NULL,'',NULL,57,'killed-1',NULL);
CREATE TABLE feedback (
	id VARCHAR(32) NOT NULL, 
	prediction_id VARCHAR(32) NOT NULL, 
	actor VARCHAR(128) NOT NULL, 
	label VARCHAR(8) NOT NULL, 
	comment TEXT NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, reviewed_by VARCHAR(128), 
	CONSTRAINT pk_feedback PRIMARY KEY (id), 
	CONSTRAINT ck_feedback_label CHECK (label IN ('negative', 'neutral', 'positive')), 
	CONSTRAINT ck_feedback_status CHECK (status IN ('pending', 'accepted', 'quarantined', 'learned', 'rejected', 'erased')), 
	CONSTRAINT fk_feedback_prediction_id_predictions FOREIGN KEY(prediction_id) REFERENCES predictions (id), 
	CONSTRAINT uq_feedback_prediction_id_actor UNIQUE (prediction_id, actor)
);
INSERT INTO "feedback" VALUES('00000000000000000000000000000001','00000000000000000000000000000001','desk:0123456789ab','positive','','pending','2026-11-01 09:03:00.000000','2026-11-01 12:36:00.000000',NULL);
INSERT INTO "feedback" VALUES('00000000000000000000000000000002','00000000000000000000000000000002','0123456789ab:anna','neutral','','pending','2026-11-01 09:07:00.000000','2026-11-01 09:07:00.000000',NULL);
INSERT INTO "feedback" VALUES('00000000000000000000000000000003','00000000000000000000000000000003','0123456789ab:anonymous','neutral','','pending','2026-11-01 09:11:00.000000','2026-11-01 09:11:00.000000',NULL);
INSERT INTO "feedback" VALUES('00000000000000000000000000000004','00000000000000000000000000000004','crm:anna','neutral','','pending','2026-11-01 09:15:00.000000','2026-11-01 09:15:00.000000',NULL);
INSERT INTO "feedback" VALUES('00000000000000000000000000000005','00000000000000000000000000000005','crm:a:b','neutral','','pending','2026-11-01 09:19:00.000000','2026-11-01 09:19:00.000000',NULL);
INSERT INTO "feedback" VALUES('00000000000000000000000000000006','00000000000000000000000000000006','team','neutral','','pending','2026-11-01 09:23:00.000000','2026-11-01 09:23:00.000000',NULL);
INSERT INTO "feedback" VALUES('00000000000000000000000000000007','00000000000000000000000000000007','lead:eve','positive','','accepted','2026-11-01 09:27:00.000000','2026-11-01 09:29:00.000000','lead:eve');
INSERT INTO "feedback" VALUES('00000000000000000000000000000008','00000000000000000000000000000008','lead:desk:ba9876543210','positive','','accepted','2026-11-01 09:33:00.000000','2026-11-01 09:35:00.000000','lead:desk:ba9876543210');
INSERT INTO "feedback" VALUES('00000000000000000000000000000009','00000000000000000000000000000009','desk:0123456789ab','neutral','','accepted','2026-11-01 09:39:00.000000','2026-11-01 09:41:00.000000','lead:eve');
INSERT INTO "feedback" VALUES('0000000000000000000000000000000a','00000000000000000000000000000010','crm:bob','neutral','','rejected','2026-11-01 09:45:00.000000','2026-11-01 09:47:00.000000','lead:eve');
INSERT INTO "feedback" VALUES('0000000000000000000000000000000b','00000000000000000000000000000011','crm:carl','neutral','','rejected','2026-11-01 09:51:00.000000','2026-11-01 09:53:00.000000','frank');
INSERT INTO "feedback" VALUES('0000000000000000000000000000000c','00000000000000000000000000000012','crm:carl','neutral','','accepted','2026-11-01 09:57:00.000000','2026-11-01 09:59:00.000000','lead:desk:ba9876543210');
INSERT INTO "feedback" VALUES('0000000000000000000000000000000d','00000000000000000000000000000013','crm:anna','neutral','','quarantined','2026-11-01 10:03:00.000000','2026-11-01 10:03:00.000000',NULL);
INSERT INTO "feedback" VALUES('0000000000000000000000000000000e','00000000000000000000000000000014','crm:anna','neutral','','accepted','2026-11-01 10:08:00.000000','2026-11-01 10:08:00.000000',NULL);
INSERT INTO "feedback" VALUES('0000000000000000000000000000000f','00000000000000000000000000000015','crm:anna','neutral','','accepted','2026-11-01 10:13:00.000000','2026-11-01 10:13:00.000000',NULL);
INSERT INTO "feedback" VALUES('00000000000000000000000000000010','00000000000000000000000000000016','crm:anna','neutral','','pending','2026-11-01 10:18:00.000000','2026-11-01 10:18:00.000000',NULL);
INSERT INTO "feedback" VALUES('00000000000000000000000000000011','00000000000000000000000000000017','crm:anna','neutral','','quarantined','2026-11-01 10:24:00.000000','2026-11-01 10:24:00.000000',NULL);
INSERT INTO "feedback" VALUES('00000000000000000000000000000012','00000000000000000000000000000018','crm:anna','neutral','','quarantined','2026-11-01 10:29:00.000000','2026-11-01 10:29:00.000000',NULL);
INSERT INTO "feedback" VALUES('00000000000000000000000000000013','00000000000000000000000000000019','crm:anna','neutral','','quarantined','2026-11-01 10:34:00.000000','2026-11-01 10:34:00.000000',NULL);
INSERT INTO "feedback" VALUES('00000000000000000000000000000014','00000000000000000000000000000020','crm:anna','neutral','','pending','2026-11-01 10:39:00.000000','2026-11-01 10:39:00.000000',NULL);
INSERT INTO "feedback" VALUES('00000000000000000000000000000015','00000000000000000000000000000021','crm:anna','neutral','','pending','2026-11-01 10:45:00.000000','2026-11-01 10:45:00.000000',NULL);
INSERT INTO "feedback" VALUES('00000000000000000000000000000016','00000000000000000000000000000022','crm:anna','neutral','','quarantined','2026-11-01 10:51:00.000000','2026-11-01 10:51:00.000000',NULL);
INSERT INTO "feedback" VALUES('00000000000000000000000000000017','00000000000000000000000000000023','crm:anna','neutral','','accepted','2026-11-01 10:56:00.000000','2026-11-01 10:56:00.000000',NULL);
INSERT INTO "feedback" VALUES('00000000000000000000000000000018','00000000000000000000000000000024','crm:anna','neutral','','rejected','2026-11-01 11:01:00.000000','2026-11-01 11:01:00.000000',NULL);
INSERT INTO "feedback" VALUES('00000000000000000000000000000019','00000000000000000000000000000025','crm:anna','neutral','','quarantined','2026-11-01 11:06:00.000000','2026-11-01 11:06:00.000000',NULL);
INSERT INTO "feedback" VALUES('0000000000000000000000000000001a','00000000000000000000000000000027','erased0000000000000000000000000000001a','neutral','','erased','2026-11-01 12:24:00.000000','2026-11-01 12:26:00.000000',NULL);
INSERT INTO "feedback" VALUES('0000000000000000000000000000001b','00000000000000000000000000000028','erased0000000000000000000000000000001b','neutral','','erased','2026-11-01 12:31:00.000000','2026-11-01 12:31:00.000000',NULL);
CREATE TABLE feedback_events (
	id INTEGER NOT NULL, 
	feedback_id VARCHAR(32) NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	at DATETIME NOT NULL, 
	who VARCHAR(128) NOT NULL, 
	why TEXT NOT NULL, 
	CONSTRAINT pk_feedback_events PRIMARY KEY (id), 
	CONSTRAINT fk_feedback_events_feedback_id_feedback FOREIGN KEY(feedback_id) REFERENCES feedback (id)
);
INSERT INTO "feedback_events" VALUES(1,'00000000000000000000000000000001','pending','2026-11-01 09:04:00.000000','desk:0123456789ab','Given by a person.');
INSERT INTO "feedback_events" VALUES(2,'00000000000000000000000000000002','pending','2026-11-01 09:08:00.000000','0123456789ab:anna','Given by a person.');
INSERT INTO "feedback_events" VALUES(3,'00000000000000000000000000000003','pending','2026-11-01 09:12:00.000000','0123456789ab:anonymous','Given by a person.');
INSERT INTO "feedback_events" VALUES(4,'00000000000000000000000000000004','pending','2026-11-01 09:16:00.000000','crm:anna','Given by a person.');
INSERT INTO "feedback_events" VALUES(5,'00000000000000000000000000000005','pending','2026-11-01 09:20:00.000000','crm:a:b','Given by a person.');
INSERT INTO "feedback_events" VALUES(6,'00000000000000000000000000000006','pending','2026-11-01 09:24:00.000000','team','Imported from a file.');
INSERT INTO "feedback_events" VALUES(7,'00000000000000000000000000000007','pending','2026-11-01 09:28:00.000000','lead:eve','Given by a person.');
INSERT INTO "feedback_events" VALUES(8,'00000000000000000000000000000007','accepted','2026-11-01 09:30:00.000000','lead:eve','Given by a lead.');
INSERT INTO "feedback_events" VALUES(9,'00000000000000000000000000000008','pending','2026-11-01 09:34:00.000000','lead:desk:ba9876543210','Given by a person.');
INSERT INTO "feedback_events" VALUES(10,'00000000000000000000000000000008','accepted','2026-11-01 09:36:00.000000','lead:desk:ba9876543210','It is praise.');
INSERT INTO "feedback_events" VALUES(11,'00000000000000000000000000000009','pending','2026-11-01 09:40:00.000000','desk:0123456789ab','Given by a person.');
INSERT INTO "feedback_events" VALUES(12,'00000000000000000000000000000009','accepted','2026-11-01 09:42:00.000000','lead:eve','Decided by a lead.');
INSERT INTO "feedback_events" VALUES(13,'0000000000000000000000000000000a','pending','2026-11-01 09:46:00.000000','crm:bob','Given by a person.');
INSERT INTO "feedback_events" VALUES(14,'0000000000000000000000000000000a','rejected','2026-11-01 09:48:00.000000','lead:eve','They were joking.');
INSERT INTO "feedback_events" VALUES(15,'0000000000000000000000000000000b','pending','2026-11-01 09:52:00.000000','crm:carl','Given by a person.');
INSERT INTO "feedback_events" VALUES(16,'0000000000000000000000000000000b','rejected','2026-11-01 09:54:00.000000','frank','Asked her.');
INSERT INTO "feedback_events" VALUES(17,'0000000000000000000000000000000c','pending','2026-11-01 09:58:00.000000','crm:carl','Given by a person.');
INSERT INTO "feedback_events" VALUES(18,'0000000000000000000000000000000c','accepted','2026-11-01 10:00:00.000000','lead:desk:ba9876543210','Decided by a lead.');
INSERT INTO "feedback_events" VALUES(19,'0000000000000000000000000000000d','pending','2026-11-01 10:04:00.000000','crm:anna','Given by a person.');
INSERT INTO "feedback_events" VALUES(20,'0000000000000000000000000000000d','quarantined','2026-11-01 10:05:00.000000','attune','Others contradict what this source says (trust 28%).');
INSERT INTO "feedback_events" VALUES(21,'0000000000000000000000000000000e','pending','2026-11-01 10:09:00.000000','crm:anna','Given by a person.');
INSERT INTO "feedback_events" VALUES(22,'0000000000000000000000000000000e','accepted','2026-11-01 10:10:00.000000','attune','There are too few people yet to weigh their words; the comparison decides.');
INSERT INTO "feedback_events" VALUES(23,'0000000000000000000000000000000f','pending','2026-11-01 10:14:00.000000','crm:anna','Given by a person.');
INSERT INTO "feedback_events" VALUES(24,'0000000000000000000000000000000f','accepted','2026-11-01 10:15:00.000000','attune','What this source says is borne out by others (trust 91%).');
INSERT INTO "feedback_events" VALUES(25,'00000000000000000000000000000010','pending','2026-11-01 10:19:00.000000','crm:anna','Given by a person.');
INSERT INTO "feedback_events" VALUES(26,'00000000000000000000000000000010','accepted','2026-11-01 10:20:00.000000','attune','There are too few people yet to weigh their words; the comparison decides.');
INSERT INTO "feedback_events" VALUES(27,'00000000000000000000000000000010','pending','2026-11-01 10:21:00.000000','attune','Too little is known of this source yet (trust 80%).');
INSERT INTO "feedback_events" VALUES(28,'00000000000000000000000000000011','pending','2026-11-01 10:25:00.000000','crm:anna','Given by a person.');
INSERT INTO "feedback_events" VALUES(29,'00000000000000000000000000000011','quarantined','2026-11-01 10:26:00.000000','attune','Of the same text others say positive, and they are believed more.');
INSERT INTO "feedback_events" VALUES(30,'00000000000000000000000000000012','pending','2026-11-01 10:30:00.000000','crm:anna','Given by a person.');
INSERT INTO "feedback_events" VALUES(31,'00000000000000000000000000000012','quarantined','2026-11-01 10:31:00.000000','attune','Of the same text others say neutral or positive, and they are believed more.');
INSERT INTO "feedback_events" VALUES(32,'00000000000000000000000000000013','pending','2026-11-01 10:35:00.000000','crm:anna','Given by a person.');
INSERT INTO "feedback_events" VALUES(33,'00000000000000000000000000000013','quarantined','2026-11-01 10:36:00.000000','attune','People disagree about this text, and none is believed enough more.');
INSERT INTO "feedback_events" VALUES(34,'00000000000000000000000000000014','pending','2026-11-01 10:40:00.000000','crm:anna','Given by a person.');
INSERT INTO "feedback_events" VALUES(35,'00000000000000000000000000000014','accepted','2026-11-01 10:41:00.000000','attune','There are too few people yet to weigh their words; the comparison decides.');
INSERT INTO "feedback_events" VALUES(36,'00000000000000000000000000000014','pending','2026-11-01 10:42:00.000000','attune','More than 60 corrections by one source within 10 minutes.');
INSERT INTO "feedback_events" VALUES(37,'00000000000000000000000000000015','pending','2026-11-01 10:46:00.000000','crm:anna','Given by a person.');
INSERT INTO "feedback_events" VALUES(38,'00000000000000000000000000000015','accepted','2026-11-01 10:47:00.000000','attune','There are too few people yet to weigh their words; the comparison decides.');
INSERT INTO "feedback_events" VALUES(39,'00000000000000000000000000000015','pending','2026-11-01 10:48:00.000000','attune','One source may give 50% of what is learned; this waits for others to say more.');
INSERT INTO "feedback_events" VALUES(40,'00000000000000000000000000000016','pending','2026-11-01 10:52:00.000000','crm:anna','Given by a person.');
INSERT INTO "feedback_events" VALUES(41,'00000000000000000000000000000016','quarantined','2026-11-01 10:53:00.000000','attune','Learning with this source makes the model worse elsewhere; without it, it does not.');
INSERT INTO "feedback_events" VALUES(42,'00000000000000000000000000000017','pending','2026-11-01 10:57:00.000000','crm:anna','Given by a person.');
INSERT INTO "feedback_events" VALUES(43,'00000000000000000000000000000017','accepted','2026-11-01 10:58:00.000000','attune','A reviewer has confirmed it.');
INSERT INTO "feedback_events" VALUES(44,'00000000000000000000000000000018','pending','2026-11-01 11:02:00.000000','crm:anna','Given by a person.');
INSERT INTO "feedback_events" VALUES(45,'00000000000000000000000000000018','rejected','2026-11-01 11:03:00.000000','attune','A reviewer has turned it down.');
INSERT INTO "feedback_events" VALUES(46,'00000000000000000000000000000019','pending','2026-11-01 11:07:00.000000','crm:anna','Given by a person.');
INSERT INTO "feedback_events" VALUES(47,'00000000000000000000000000000019','quarantined','2026-11-01 11:08:00.000000','attune','A sentence of an older release.');
INSERT INTO "feedback_events" VALUES(48,'0000000000000000000000000000000f','learned','2026-11-01 11:15:00.000000','attune','Version r0001-a, active now, was trained with it.');
INSERT INTO "feedback_events" VALUES(49,'00000000000000000000000000000009','learned','2026-11-01 11:16:00.000000','attune','Version r0001-a, active now, was trained with it.');
INSERT INTO "feedback_events" VALUES(50,'0000000000000000000000000000000f','accepted','2026-11-01 11:18:00.000000','attune','Version attune-5, active now, was trained without it.');
INSERT INTO "feedback_events" VALUES(51,'00000000000000000000000000000009','accepted','2026-11-01 11:19:00.000000','attune','Version attune-5, active now, was trained without it.');
INSERT INTO "feedback_events" VALUES(52,'0000000000000000000000000000000f','learned','2026-11-01 11:21:00.000000','attune','Version r0001-a, active now, was trained with it.');
INSERT INTO "feedback_events" VALUES(53,'00000000000000000000000000000009','learned','2026-11-01 11:22:00.000000','attune','Version r0001-a, active now, was trained with it.');
INSERT INTO "feedback_events" VALUES(54,'0000000000000000000000000000000f','accepted','2026-11-01 11:24:00.000000','attune','Version attune-5, active now, was trained without it.');
INSERT INTO "feedback_events" VALUES(55,'00000000000000000000000000000009','accepted','2026-11-01 11:25:00.000000','attune','Version attune-5, active now, was trained without it.');
INSERT INTO "feedback_events" VALUES(56,'0000000000000000000000000000000f','learned','2026-11-01 11:27:00.000000','attune','Version r0001-a, active now, was trained with it.');
INSERT INTO "feedback_events" VALUES(57,'00000000000000000000000000000009','learned','2026-11-01 11:28:00.000000','attune','Version r0001-a, active now, was trained with it.');
INSERT INTO "feedback_events" VALUES(58,'0000000000000000000000000000001a','pending','2026-11-01 12:25:00.000000','erased','');
INSERT INTO "feedback_events" VALUES(59,'0000000000000000000000000000001a','accepted','2026-11-01 12:27:00.000000','erased','');
INSERT INTO "feedback_events" VALUES(60,'0000000000000000000000000000001a','erased','2026-11-01 12:28:00.000000','attune','Erased by the operator.');
INSERT INTO "feedback_events" VALUES(61,'0000000000000000000000000000001b','pending','2026-11-01 12:32:00.000000','erased','');
INSERT INTO "feedback_events" VALUES(62,'0000000000000000000000000000001b','erased','2026-11-01 12:33:00.000000','attune','Erased by whoever gave it.');
INSERT INTO "feedback_events" VALUES(63,'00000000000000000000000000000001','pending','2026-11-01 12:37:00.000000','desk:0123456789ab','Given by a person.');
CREATE TABLE learned (
	version_id VARCHAR(64) NOT NULL, 
	feedback_id VARCHAR(32) NOT NULL, 
	label VARCHAR(8) NOT NULL, 
	CONSTRAINT pk_learned PRIMARY KEY (version_id, feedback_id), 
	CONSTRAINT fk_learned_feedback_id_feedback FOREIGN KEY(feedback_id) REFERENCES feedback (id), 
	CONSTRAINT fk_learned_version_id_versions FOREIGN KEY(version_id) REFERENCES versions (id)
);
INSERT INTO "learned" VALUES('r0001-a','00000000000000000000000000000009','neutral');
INSERT INTO "learned" VALUES('r0001-a','0000000000000000000000000000000f','neutral');
INSERT INTO "learned" VALUES('r0005-b','0000000000000000000000000000000f','neutral');
CREATE TABLE predictions (
	id VARCHAR(32) NOT NULL, 
	created_at DATETIME NOT NULL, 
	text TEXT NOT NULL, 
	label VARCHAR(8) NOT NULL, 
	negative DOUBLE NOT NULL, 
	neutral DOUBLE NOT NULL, 
	positive DOUBLE NOT NULL, 
	language VARCHAR(8) NOT NULL, 
	route VARCHAR(16) NOT NULL, 
	truncated BOOLEAN NOT NULL, 
	model_version VARCHAR(64) NOT NULL, imported BOOLEAN DEFAULT 0 NOT NULL, 
	CONSTRAINT pk_predictions PRIMARY KEY (id), 
	CONSTRAINT ck_predictions_label CHECK (label IN ('negative', 'neutral', 'positive'))
);
INSERT INTO "predictions" VALUES('00000000000000000000000000000001','2026-11-01 09:02:00.000000','bad bag','negative',0.75,0.125,0.125,'en','agent',0,'v1',0);
INSERT INTO "predictions" VALUES('00000000000000000000000000000002','2026-11-01 09:06:00.000000','late again','negative',0.75,0.125,0.125,'en','agent',0,'v1',0);
INSERT INTO "predictions" VALUES('00000000000000000000000000000003','2026-11-01 09:10:00.000000','no answer','negative',0.75,0.125,0.125,'en','agent',0,'v1',0);
INSERT INTO "predictions" VALUES('00000000000000000000000000000004','2026-11-01 09:14:00.000000','lost parcel','negative',0.75,0.125,0.125,'en','agent',0,'v1',0);
INSERT INTO "predictions" VALUES('00000000000000000000000000000005','2026-11-01 09:18:00.000000','found parcel','negative',0.75,0.125,0.125,'en','agent',0,'v1',0);
INSERT INTO "predictions" VALUES('00000000000000000000000000000006','2026-11-01 09:22:00.000000','imported text','negative',0.75,0.125,0.125,'en','agent',0,'v1',1);
INSERT INTO "predictions" VALUES('00000000000000000000000000000007','2026-11-01 09:26:00.000000','label me','negative',0.75,0.125,0.125,'en','agent',0,'v1',0);
INSERT INTO "predictions" VALUES('00000000000000000000000000000008','2026-11-01 09:32:00.000000','label me too','negative',0.75,0.125,0.125,'en','agent',0,'v1',0);
INSERT INTO "predictions" VALUES('00000000000000000000000000000009','2026-11-01 09:38:00.000000','accept me','negative',0.75,0.125,0.125,'en','agent',0,'v1',0);
INSERT INTO "predictions" VALUES('00000000000000000000000000000010','2026-11-01 09:44:00.000000','reject me','negative',0.75,0.125,0.125,'en','agent',0,'v1',0);
INSERT INTO "predictions" VALUES('00000000000000000000000000000011','2026-11-01 09:50:00.000000','by command','negative',0.75,0.125,0.125,'en','agent',0,'v1',0);
INSERT INTO "predictions" VALUES('00000000000000000000000000000012','2026-11-01 09:56:00.000000','by nobody','negative',0.75,0.125,0.125,'en','agent',0,'v1',0);
INSERT INTO "predictions" VALUES('00000000000000000000000000000013','2026-11-01 10:02:00.000000','rule contradicted','negative',0.75,0.125,0.125,'en','agent',0,'v1',0);
INSERT INTO "predictions" VALUES('00000000000000000000000000000014','2026-11-01 10:07:00.000000','rule few','negative',0.75,0.125,0.125,'en','agent',0,'v1',0);
INSERT INTO "predictions" VALUES('00000000000000000000000000000015','2026-11-01 10:12:00.000000','rule trusted','negative',0.75,0.125,0.125,'en','agent',0,'v1',0);
INSERT INTO "predictions" VALUES('00000000000000000000000000000016','2026-11-01 10:17:00.000000','rule unproven','negative',0.75,0.125,0.125,'en','agent',0,'v1',0);
INSERT INTO "predictions" VALUES('00000000000000000000000000000017','2026-11-01 10:23:00.000000','rule outvoted','negative',0.75,0.125,0.125,'en','agent',0,'v1',0);
INSERT INTO "predictions" VALUES('00000000000000000000000000000018','2026-11-01 10:28:00.000000','rule outvoted_two','negative',0.75,0.125,0.125,'en','agent',0,'v1',0);
INSERT INTO "predictions" VALUES('00000000000000000000000000000019','2026-11-01 10:33:00.000000','rule disputed','negative',0.75,0.125,0.125,'en','agent',0,'v1',0);
INSERT INTO "predictions" VALUES('00000000000000000000000000000020','2026-11-01 10:38:00.000000','rule hasty','negative',0.75,0.125,0.125,'en','agent',0,'v1',0);
INSERT INTO "predictions" VALUES('00000000000000000000000000000021','2026-11-01 10:44:00.000000','rule surplus','negative',0.75,0.125,0.125,'en','agent',0,'v1',0);
INSERT INTO "predictions" VALUES('00000000000000000000000000000022','2026-11-01 10:50:00.000000','rule harmful','negative',0.75,0.125,0.125,'en','agent',0,'v1',0);
INSERT INTO "predictions" VALUES('00000000000000000000000000000023','2026-11-01 10:55:00.000000','rule confirmed','negative',0.75,0.125,0.125,'en','agent',0,'v1',0);
INSERT INTO "predictions" VALUES('00000000000000000000000000000024','2026-11-01 11:00:00.000000','rule turned_down','negative',0.75,0.125,0.125,'en','agent',0,'v1',0);
INSERT INTO "predictions" VALUES('00000000000000000000000000000025','2026-11-01 11:05:00.000000','rule unknown','negative',0.75,0.125,0.125,'en','agent',0,'v1',0);
INSERT INTO "predictions" VALUES('00000000000000000000000000000026','2026-11-01 12:20:00.000000','shadow message','negative',0.75,0.125,0.125,'en','agent',0,'r0001-a',0);
INSERT INTO "predictions" VALUES('00000000000000000000000000000027','2026-11-01 12:23:00.000000','','negative',0.75,0.125,0.125,'en','agent',0,'v1',0);
INSERT INTO "predictions" VALUES('00000000000000000000000000000028','2026-11-01 12:30:00.000000','','negative',0.75,0.125,0.125,'en','agent',0,'v1',0);
INSERT INTO "predictions" VALUES('00000000000000000000000000000029','2026-11-01 12:35:00.000000','nobody said anything','negative',0.75,0.125,0.125,'en','agent',0,'v1',0);
CREATE TABLE shadow_disagreements (
	shadow_id INTEGER NOT NULL, 
	prediction_id VARCHAR(32) NOT NULL, 
	label VARCHAR(8) NOT NULL, 
	CONSTRAINT pk_shadow_disagreements PRIMARY KEY (shadow_id, prediction_id), 
	CONSTRAINT ck_shadow_disagreements_label CHECK (label IN ('negative', 'neutral', 'positive')), 
	CONSTRAINT fk_shadow_disagreements_shadow_id_shadows FOREIGN KEY(shadow_id) REFERENCES shadows (id), 
	CONSTRAINT fk_shadow_disagreements_prediction_id_predictions FOREIGN KEY(prediction_id) REFERENCES predictions (id) ON DELETE CASCADE
);
INSERT INTO "shadow_disagreements" VALUES(7,'00000000000000000000000000000026','neutral');
CREATE TABLE shadows (
	id INTEGER NOT NULL, 
	version_id VARCHAR(64) NOT NULL, 
	champion VARCHAR(64) NOT NULL, 
	started_at DATETIME NOT NULL, 
	until DATETIME NOT NULL, 
	read_to DATETIME NOT NULL, 
	read_id VARCHAR(32) NOT NULL, 
	read INTEGER NOT NULL, 
	differed INTEGER NOT NULL, 
	finished_at DATETIME, 
	outcome VARCHAR(24), 
	reason TEXT NOT NULL, 
	CONSTRAINT pk_shadows PRIMARY KEY (id), 
	CONSTRAINT fk_shadows_version_id_versions FOREIGN KEY(version_id) REFERENCES versions (id), 
	CONSTRAINT fk_shadows_champion_versions FOREIGN KEY(champion) REFERENCES versions (id)
);
INSERT INTO "shadows" VALUES(1,'x1','r0001-a','2026-11-01 11:44:00.000000','2026-11-03 11:43:00.000000','2026-11-01 11:44:00.000000','',1200,34,'2026-11-01 11:45:00.000000','promoted','made active before its time in the shadow was over; it read 1,200 of the answers of r0001-a and 34 of them differently');
INSERT INTO "shadows" VALUES(2,'x2','r0001-a','2026-11-01 11:50:00.000000','2026-11-03 11:49:00.000000','2026-11-01 11:50:00.000000','',1200,34,'2026-11-01 11:51:00.000000','awaiting-approval','attune-5 has become active in place of r0001-a; it read 1,200 of the answers of r0001-a and 34 of them differently');
INSERT INTO "shadows" VALUES(3,'x3','r0001-a','2026-11-01 11:56:00.000000','2026-11-03 11:55:00.000000','2026-11-01 11:56:00.000000','',1200,34,'2026-11-01 11:57:00.000000','awaiting-approval','it cannot be trusted: v2: a file changed; it read 1,200 of the answers of r0001-a and 34 of them differently');
INSERT INTO "shadows" VALUES(4,'x4','r0001-a','2026-11-01 12:02:00.000000','2026-11-03 12:01:00.000000','2026-11-01 12:02:00.000000','',1200,34,'2026-11-01 12:03:00.000000','awaiting-approval','its time in the shadow is over and a lead decides; it read 1,200 of the answers of r0001-a and 34 of them differently');
INSERT INTO "shadows" VALUES(5,'x5','r0001-a','2026-11-01 12:08:00.000000','2026-11-03 12:07:00.000000','2026-11-01 12:08:00.000000','',1200,34,'2026-11-01 12:09:00.000000','promoted','passed the gate, and its time in the shadow is over; it read 1,200 of the answers of r0001-a and 34 of them differently');
INSERT INTO "shadows" VALUES(6,'y1','r0001-a','2026-11-01 12:12:00.000000','2026-11-03 12:11:00.000000','2026-11-01 12:12:00.000000','',0,0,'2026-11-01 12:17:00.000000','awaiting-approval','y2 took its place in the shadow');
INSERT INTO "shadows" VALUES(7,'y2','r0001-a','2026-11-01 12:18:00.000000','2026-11-03 12:16:00.000000','2026-11-01 12:20:00.000000','00000000000000000000000000000026',1,1,NULL,NULL,'');
CREATE TABLE versions (
	id VARCHAR(64) NOT NULL, 
	parent VARCHAR(64), 
	created_at DATETIME NOT NULL, 
	corrections INTEGER NOT NULL, 
	metrics JSON NOT NULL, 
	verdict JSON NOT NULL, 
	CONSTRAINT pk_versions PRIMARY KEY (id), 
	CONSTRAINT fk_versions_parent_versions FOREIGN KEY(parent) REFERENCES versions (id)
);
INSERT INTO "versions" VALUES('attune-5',NULL,'2026-11-01 11:09:00.000000',0,'{}','{}');
INSERT INTO "versions" VALUES('r0001-a','attune-5','2026-11-01 11:11:00.000000',2,'{"gate": {"accuracy": 0.86}}','{"promote": true, "reason": "better on what was corrected, not worse on what was known", "checks": []}');
INSERT INTO "versions" VALUES('r0005-b','r0001-a','2026-11-01 11:35:00.000000',1,'{}','{"promote": true, "reason": "without what was turned down or erased since, and not worse for it (unmeasured here: imdb_train)", "checks": [{"name": "gate rows (2,000)", "champion": "86.0% right", "challenger": "86.0% right", "finding": "+0.00 points (95%: -0.14 to +0.14)", "rule": "not worse by more than 1 point", "passed": true}, {"name": "held-back corrections (0 in 0 groups)", "champion": "\u2013", "challenger": "\u2013", "finding": "none are new", "rule": "not proved worse, p over 0.05", "passed": true}, {"name": "held-back corrections (20 in 20 groups)", "champion": "50% right", "challenger": "50% right", "finding": "0 groups fixed, 0 broken (harm by chance: p = 1)", "rule": "not proved worse, p over 0.05", "passed": true}, {"name": "learned before (0)", "champion": "\u2013", "challenger": "\u2013", "finding": "nothing was", "rule": "at most 2% break, none that a reviewer decided", "passed": true}, {"name": "learned before (12)", "champion": "83% right", "challenger": "50% right", "finding": "4 of 10 broken, 4 of them a reviewer''s", "rule": "at most 100% break, none that a reviewer decided", "passed": true}, {"name": "  imdb_train", "champion": "\u2013", "challenger": "\u2013", "finding": "unmeasured: it is not on this computer", "rule": "a lead should look", "passed": null}, {"name": "  order 1", "champion": "\u2013", "challenger": "\u2013", "finding": "learned before (12): 5 of 10 broken, but must be: at most 10% break, none that a reviewer decided", "rule": "one of 3 must do", "passed": null}]}');
INSERT INTO "versions" VALUES('x1','r0001-a','2026-11-01 11:40:00.000000',0,'{}','{"promote": true, "reason": "better on what was corrected, not worse on what was known", "checks": []}');
INSERT INTO "versions" VALUES('x2','r0001-a','2026-11-01 11:46:00.000000',0,'{}','{"promote": true, "reason": "better on what was corrected, not worse on what was known", "checks": []}');
INSERT INTO "versions" VALUES('x3','r0001-a','2026-11-01 11:52:00.000000',0,'{}','{"promote": true, "reason": "better on what was corrected, not worse on what was known", "checks": []}');
INSERT INTO "versions" VALUES('x4','r0001-a','2026-11-01 11:58:00.000000',0,'{}','{"promote": true, "reason": "better on what was corrected, not worse on what was known", "checks": []}');
INSERT INTO "versions" VALUES('x5','r0001-a','2026-11-01 12:04:00.000000',0,'{}','{"promote": true, "reason": "better on what was corrected, not worse on what was known", "checks": []}');
INSERT INTO "versions" VALUES('y1','r0001-a','2026-11-01 12:10:00.000000',0,'{}','{"promote": true, "reason": "better on what was corrected, not worse on what was known", "checks": []}');
INSERT INTO "versions" VALUES('y2','r0001-a','2026-11-01 12:13:00.000000',0,'{}','{"promote": true, "reason": "better on what was corrected, not worse on what was known", "checks": []}');
CREATE INDEX ix_predictions_created_at ON predictions (created_at);
CREATE INDEX ix_feedback_created_at ON feedback (created_at);
CREATE INDEX ix_feedback_events_feedback_id ON feedback_events (feedback_id);
CREATE INDEX ix_learned_feedback_id ON learned (feedback_id);
CREATE INDEX ix_shadow_disagreements_prediction_id ON shadow_disagreements (prediction_id);
COMMIT;
